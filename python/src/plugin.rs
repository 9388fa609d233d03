//! The polars expression: `pl.col("y").chipcast.forecast(...)`, one group at a time.
//!
//! One of the two files with unsafe code: polars loads the library and calls these functions by name, with
//! pointers, as version 0.1 of its interface for plugins says. Each group is answered for alone: nothing is
//! learned from the others. What is asked wrongly is a `ComputeError`; a group that cannot be forecast is a
//! null.
#![expect(unsafe_code, reason = "polars calls by pointer")]

use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use chipcast::error::{Error, Result};
use chipcast::forecast::panel::{self, Asked, Cell, Ds, Forecast, Model, Point, Series as Known};
use polars::prelude::{CompatLevel, DataType, Field, NamedFrom, Series};
use polars_arrow::ffi::{ArrowSchema, export_field_to_c, import_field_from_c};
use polars_ffi::version_0::{CallerContext, SeriesExport, export_series, import_series_buffer};
use serde::Deserialize;

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::new(CString::default());
}

/// What the expression asks, pickled by polars.
#[derive(Debug, Deserialize)]
struct Arguments {
    h: usize,
    season_length: Option<usize>,
    model: String,
    level: Vec<f64>,
}

/// The forecast of a group as one list: `h` values, then for each level `h` lower and `h` upper ends.
fn forecast(inputs: &[Series], arguments: &Arguments) -> Result<Series> {
    let [y] = inputs else {
        return Err(Error::invalid(format!("{} columns given; needed is one", inputs.len())));
    };
    let dtype = y.dtype();
    if !dtype.is_primitive_numeric() && *dtype != DataType::Null {
        return Err(Error::invalid(format!(
            "`{}` is of the type {dtype}; needed are numbers",
            y.name()
        )));
    }
    let coverages = arguments.level.iter().map(|level| level / 100.0).collect();
    let model = Model::read(&arguments.model)?;
    let asked = Asked::new(model, arguments.h, arguments.season_length, coverages)?;
    let cast = y.cast(&DataType::Float64)?;
    let points = (0_i64..).zip(cast.f64()?.iter()).map(|(at, value)| Point {
        ds: Ok(Ds::Number(at)),
        y: value.map_or(Cell::Missing, Cell::Value),
    });
    let series = [Known::new("y", points.collect())];
    let outcome = panel::learn(&series, &asked).answer(&series[0]);
    let of = |value: &dyn Fn(&Forecast) -> f64| outcome.steps.iter().map(value).collect::<Vec<_>>();
    let mut values = of(&|step| step.yhat);
    for level in 0..arguments.level.len() {
        values.extend(of(&|step| step.intervals[level].0));
        values.extend(of(&|step| step.intervals[level].1));
    }
    let name = y.name().clone();
    if values.is_empty() {
        return Ok(Series::full_null(name, 1, &answer_type()));
    }
    Ok(Series::new(name, [Series::new("".into(), values)]))
}

fn answer_type() -> DataType {
    DataType::List(Box::new(DataType::Float64))
}

/// Keeps the words of an error for polars, which asks for them next.
fn tell(error: &Error) {
    let told = match error.advice() {
        Some(hint) => format!("{error}\nhint: {hint}"),
        None => error.to_string(),
    };
    let told = CString::new(told.replace('\0', " ")).unwrap_or_default();
    LAST_ERROR.with(|last| *last.borrow_mut() = told);
}

/// Runs what may fail; a panic is told by the word that polars knows.
fn told<T>(work: impl FnOnce() -> Result<T>) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Some(done),
        Ok(Err(error)) => {
            tell(&error);
            None
        }
        Err(_) => {
            tell(&Error::invalid("PANIC"));
            None
        }
    }
}

/// The version of the interface.
#[unsafe(no_mangle)]
extern "C" fn _polars_plugin_get_version() -> u32 {
    let (major, minor) = polars_ffi::get_version();
    (u32::from(major) << 16) + u32::from(minor)
}

/// Why the last call in this thread gave nothing.
#[unsafe(no_mangle)]
extern "C" fn _polars_plugin_get_last_error_message() -> *const c_char {
    LAST_ERROR.with(|last| last.borrow().as_ptr())
}

/// The name and type of an answer.
///
/// # Safety
/// As the interface says: `fields` are `n_fields` schemas, `answer` is where one may be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn _polars_plugin_field_forecast(
    fields: *mut ArrowSchema,
    n_fields: usize,
    answer: *mut ArrowSchema,
    _arguments: *const u8,
    _n_bytes: usize,
) {
    let made = told(|| {
        // SAFETY: the caller says so.
        let fields = unsafe { std::slice::from_raw_parts(fields, n_fields) };
        let first = fields.first().ok_or_else(|| Error::invalid("a column is needed"))?;
        // SAFETY: the caller says so.
        let first = unsafe { import_field_from_c(first) }?;
        let field = Field::new(first.name, answer_type()).to_arrow(CompatLevel::newest());
        Ok(export_field_to_c(&field))
    });
    if let Some(made) = made {
        // SAFETY: the caller says so; nothing is dropped, as nothing was there.
        unsafe { std::ptr::write(answer, made) };
    }
}

/// The answer for a group.
///
/// # Safety
/// As the interface says: `inputs` are `n_inputs` series to take, `arguments` as many bytes, `answer` is
/// where a series may be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn _polars_plugin_forecast(
    inputs: *mut SeriesExport,
    n_inputs: usize,
    arguments: *const u8,
    n_bytes: usize,
    answer: *mut SeriesExport,
    _context: *const CallerContext,
) {
    let made = told(|| {
        // SAFETY: the caller says so, and forgets what is taken here.
        let inputs = unsafe { import_series_buffer(inputs, n_inputs) }?;
        // SAFETY: the caller says so.
        let bytes = unsafe { std::slice::from_raw_parts(arguments, n_bytes) };
        let arguments: Arguments = serde_pickle::from_slice(bytes, serde_pickle::DeOptions::new())
            .map_err(|cause| {
                Error::invalid("the expression's arguments are not read").caused_by(cause)
            })?;
        Ok(export_series(&forecast(&inputs, &arguments)?))
    });
    if let Some(made) = made {
        // SAFETY: the caller says so; nothing is dropped, as nothing was there.
        unsafe { std::ptr::write(answer, made) };
    }
}
