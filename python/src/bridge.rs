//! Arrow streams in and out: any library's table to a frame here, and a frame here to any library's.
//!
//! One of the two files with unsafe code: the stream crosses as a pointer in a capsule, as Arrow's C stream
//! interface says. Numbers, days and times are not copied; texts that are no string views get views beside
//! them; 8- and 16-bit numbers are widened, since nothing here computes with them.
#![expect(unsafe_code, reason = "the C stream interface is made of pointers")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::prelude::{
    AnyValue, ArrowDataType, ArrowField, ArrowTimeUnit, CompatLevel, DataFrame, IntoColumn,
    PolarsError, PolarsResult, Series,
};
use polars_arrow::array::{Array, PrimitiveArray, StructArray, new_empty_array};
use polars_arrow::ffi::{ArrowArrayStream, ArrowArrayStreamReader, export_iterator};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyCapsuleMethods, PyDict, PyList};

use crate::errors;

/// The name of a capsule that holds a stream.
const NAME: &std::ffi::CStr = c"arrow_array_stream";
/// Rows of a table shown in a notebook.
const ROWS_SHOWN: usize = 20;

/// A table that any library with Arrow can take: it has `__arrow_c_stream__`.
///
/// `polars.DataFrame(frame)`, `pyarrow.table(frame)` and `pandas.DataFrame.from_arrow(frame)` take it as it is.
#[pyclass(frozen, module = "chipcast")]
pub(crate) struct Frame {
    held: DataFrame,
    level: CompatLevel,
}

/// A frame as an object of Python.
pub(crate) fn stream(py: Python<'_>, held: DataFrame) -> PyResult<Bound<'_, Frame>> {
    Bound::new(py, Frame { held, level: CompatLevel::oldest() })
}

#[pymethods]
impl Frame {
    /// Reads a table of any library with Arrow; of `columns` alone, if they are named.
    #[new]
    #[pyo3(signature = (table, columns=None))]
    fn new(table: &Bound<'_, PyAny>, columns: Option<Vec<String>>) -> PyResult<Self> {
        let held = read(table, columns.as_deref())?;
        Ok(Self { held, level: CompatLevel::oldest() })
    }

    /// The table as a stream, as Arrow's `PyCapsule` interface says. The schema asked for is not looked at:
    /// the interface leaves that to the one who gives.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        PyCapsule::new_with_value(py, exported(self.held.clone(), self.level), NAME)
    }

    /// The same with texts as string views, which not every library reads: polars takes it without a copy.
    fn views(&self) -> Self {
        Self { held: self.held.clone(), level: CompatLevel::newest() }
    }

    /// The names of the columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.held.get_column_names().iter().map(ToString::to_string).collect()
    }

    /// Rows and columns.
    #[getter]
    fn shape(&self) -> (usize, usize) {
        self.held.shape()
    }

    fn __len__(&self) -> usize {
        self.held.height()
    }

    /// A list for each column.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for column in self.held.columns() {
            let list = PyList::empty(py);
            for value in column.as_materialized_series().iter() {
                list.append(plain(py, &value)?)?;
            }
            dict.set_item(column.name().as_str(), list)?;
        }
        Ok(dict)
    }

    fn __repr__(&self) -> String {
        self.held.to_string()
    }

    fn _repr_html_(&self) -> String {
        let cells = |tag: &str, cells: Vec<String>| {
            let cells = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell)));
            format!("<tr>{}</tr>", cells.collect::<String>())
        };
        let row = |idx: usize| {
            let columns = self.held.columns().iter();
            cells("td", columns.map(|column| shown(&column.get(idx))).collect())
        };
        let n = self.held.height();
        let rows: String = (0..n.min(ROWS_SHOWN)).map(row).collect();
        let rest = if n > ROWS_SHOWN { format!("<p>{n} rows</p>") } else { String::new() };
        let head = cells("th", self.columns());
        format!("<table><thead>{head}</thead><tbody>{rows}</tbody></table>{rest}")
    }
}

fn shown(value: &PolarsResult<AnyValue<'_>>) -> String {
    match value {
        Ok(AnyValue::Null) | Err(_) => String::new(),
        Ok(value) => value.str_value().into_owned(),
    }
}

/// A text that stands in a page as it is.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn plain<'py>(py: Python<'py>, value: &AnyValue<'_>) -> PyResult<Bound<'py, PyAny>> {
    let datetime = || py.import("datetime");
    Ok(match value {
        AnyValue::Null => py.None().into_bound(py),
        AnyValue::Boolean(held) => held.into_pyobject(py)?.to_owned().into_any(),
        AnyValue::Int32(held) => held.into_pyobject(py)?.into_any(),
        AnyValue::Int64(held) => held.into_pyobject(py)?.into_any(),
        AnyValue::UInt32(held) => held.into_pyobject(py)?.into_any(),
        AnyValue::UInt64(held) => held.into_pyobject(py)?.into_any(),
        AnyValue::Float32(held) => held.into_pyobject(py)?.into_any(),
        AnyValue::Float64(held) => held.into_pyobject(py)?.into_any(),
        AnyValue::Date(_) => {
            datetime()?.getattr("date")?.call_method1("fromisoformat", (value.str_value(),))?
        }
        AnyValue::Datetime(..) | AnyValue::DatetimeOwned(..) => {
            datetime()?.getattr("datetime")?.call_method1("fromisoformat", (value.str_value(),))?
        }
        _ => value.str_value().into_pyobject(py)?.into_any(),
    })
}

/// Why a table was not read.
enum Refusal {
    /// Not of a type that is read.
    Kind(String),
    /// Not as it was needed.
    Rule(&'static str, String, &'static str),
}

impl From<PolarsError> for Refusal {
    fn from(cause: PolarsError) -> Self {
        Self::Kind(format!("the table is not read: {cause}"))
    }
}

impl From<Refusal> for PyErr {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Kind(message) => PyTypeError::new_err(message),
            Refusal::Rule(class, message, hint) => errors::new(class, &message, Some(hint)),
        }
    }
}

/// Reads a table of any library with Arrow: the columns named, in their order, or all.
pub(crate) fn read(table: &Bound<'_, PyAny>, wanted: Option<&[String]>) -> PyResult<DataFrame> {
    let py = table.py();
    if let Ok(frame) = table.cast::<Frame>() {
        let frame = &frame.get().held;
        return match wanted {
            None => Ok(frame.clone()),
            Some(names) => {
                let held = || frame.columns().iter().map(|column| column.name().as_str());
                let pick = |name| Ok(frame.columns()[position(held(), name)?].clone());
                let picked: Result<Vec<_>, Refusal> = names.iter().map(|n| pick(n)).collect();
                Ok(DataFrame::new(frame.height(), picked?).map_err(Refusal::from)?)
            }
        };
    }
    let stream = taken(table)?;
    // The one who gives may need the interpreter's lock while rows are made, in this or another thread.
    let read = py.detach(|| catch_unwind(AssertUnwindSafe(|| imported(stream, wanted))));
    match read {
        Ok(read) => Ok(read?),
        Err(payload) => Err(errors::panicked(payload.as_ref())),
    }
}

/// The stream of a table, which is used up with it.
fn taken(table: &Bound<'_, PyAny>) -> PyResult<Box<ArrowArrayStream>> {
    let kind = || table.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    if !table.hasattr("__arrow_c_stream__")? {
        return Err(PyTypeError::new_err(format!(
            "a table is needed (polars, pandas 2.2 or newer, pyarrow, DuckDB, or anything else with \
             `__arrow_c_stream__`); found is `{}`",
            kind()
        )));
    }
    let capsule = table.call_method0("__arrow_c_stream__")?.cast_into::<PyCapsule>()?;
    let pointer = capsule.pointer_checked(Some(NAME))?.cast::<ArrowArrayStream>();
    // SAFETY: a capsule of this name holds a stream, and the lock is held: nobody else moves it out. What is
    // left behind is a released stream, as the interface asks.
    let stream = unsafe { std::ptr::replace(pointer.as_ptr(), ArrowArrayStream::empty()) };
    Ok(Box::new(stream))
}

fn imported(
    stream: Box<ArrowArrayStream>,
    wanted: Option<&[String]>,
) -> Result<DataFrame, Refusal> {
    // SAFETY: the stream came in a capsule of its name, and so follows the interface.
    let reader = unsafe { ArrowArrayStreamReader::try_new(stream) };
    let mut reader = reader.map_err(|cause| {
        let told = cause.to_string();
        if told.contains("already released") {
            let hint = "a stream can be read once: keep a table of it";
            Refusal::Rule("InvalidError", "the stream has been read already".to_owned(), hint)
        } else {
            Refusal::from(cause)
        }
    })?;
    let ArrowDataType::Struct(fields) = reader.field().dtype().clone() else {
        let told = format!("a table is needed; found is a stream of {:?}", reader.field().dtype());
        return Err(Refusal::Kind(told));
    };
    let picked: Vec<usize> = match wanted {
        None => (0..fields.len()).collect(),
        Some(names) => {
            let held = || fields.iter().map(|field| field.name.as_str());
            names.iter().map(|name| position(held(), name)).collect::<Result<_, _>>()?
        }
    };
    for idx in &picked {
        check(&fields[*idx])?;
    }
    let mut chunks: Vec<Vec<Box<dyn Array>>> = vec![Vec::new(); picked.len()];
    let mut height = 0;
    // SAFETY: as above.
    while let Some(batch) = unsafe { reader.next() } {
        let batch = batch?;
        let batch = batch.as_any().downcast_ref::<StructArray>().ok_or_else(|| {
            Refusal::Kind("the stream says that it has tables, and has none".to_owned())
        })?;
        height += batch.len();
        for (chunks, idx) in chunks.iter_mut().zip(&picked) {
            chunks.push(widened(batch.values()[*idx].clone()));
        }
    }
    let columns = chunks.into_iter().zip(&picked).map(|(mut chunks, idx)| {
        let field = &fields[*idx];
        if chunks.is_empty() {
            chunks.push(widened(new_empty_array(field.dtype.clone())));
        }
        let dtype = chunks[0].dtype().clone();
        let metadata = field.metadata.as_deref();
        // SAFETY: every chunk has this type: the reader made each of the stream's one schema.
        let made = unsafe {
            Series::_try_from_arrow_unchecked_with_md(field.name.clone(), chunks, &dtype, metadata)
        };
        Ok(made?.into_column())
    });
    let columns = columns.collect::<Result<Vec<_>, Refusal>>()?;
    Ok(DataFrame::new(height, columns)?)
}

fn position<'a>(names: impl Iterator<Item = &'a str>, wanted: &str) -> Result<usize, Refusal> {
    let names: Vec<&str> = names.collect();
    names.iter().position(|name| *name == wanted).ok_or_else(|| {
        let told = format!("no column `{wanted}`; the table has {}", names.join(", "));
        let hint = "`id_col`, `time_col` and `target_col` say what the columns are called";
        Refusal::Rule("InvalidError", told, hint)
    })
}

/// Whether a column is of a type that is read.
fn check(field: &ArrowField) -> Result<(), Refusal> {
    if is_read(&field.dtype) {
        return Ok(());
    }
    let (name, dtype) = (&field.name, &field.dtype);
    Err(Refusal::Kind(format!(
        "column `{name}` has the type {dtype:?}, which is not read; cast it, a decimal to a 64-bit float"
    )))
}

fn is_read(dtype: &ArrowDataType) -> bool {
    use ArrowDataType as A;
    match dtype {
        A::Dictionary(_, values, _) => {
            matches!(**values, A::Utf8 | A::LargeUtf8 | A::Utf8View)
        }
        A::List(inner) | A::LargeList(inner) => !is_narrow(&inner.dtype) && is_read(&inner.dtype),
        A::Null
        | A::Boolean
        | A::Int8
        | A::Int16
        | A::Int32
        | A::Int64
        | A::UInt8
        | A::UInt16
        | A::UInt32
        | A::UInt64
        | A::Float32
        | A::Float64
        | A::Date32
        | A::Date64
        | A::Timestamp(..)
        | A::Duration(_)
        | A::Time32(_)
        | A::Time64(_)
        | A::Utf8
        | A::LargeUtf8
        | A::Utf8View
        | A::Binary
        | A::LargeBinary
        | A::BinaryView => true,
        _ => false,
    }
}

fn is_narrow(dtype: &ArrowDataType) -> bool {
    use ArrowDataType as A;
    matches!(
        dtype,
        A::Int8 | A::Int16 | A::UInt8 | A::UInt16 | A::Timestamp(ArrowTimeUnit::Second, _)
    )
}

/// 8- and 16-bit numbers as 32-bit ones, seconds as milliseconds; others as they are.
fn widened(array: Box<dyn Array>) -> Box<dyn Array> {
    fn each<F: polars_arrow::types::NativeType, T: polars_arrow::types::NativeType>(
        array: &dyn Array,
        to: ArrowDataType,
        wide: impl Fn(F) -> T,
    ) -> Box<dyn Array> {
        let narrow = array.as_any().downcast_ref::<PrimitiveArray<F>>();
        let narrow = narrow.expect("an array is what its type says");
        let values: Vec<T> = narrow.values().iter().map(|value| wide(*value)).collect();
        PrimitiveArray::new(to, values.into(), narrow.validity().cloned()).boxed()
    }
    use ArrowDataType as A;
    match array.dtype() {
        A::Int8 => each::<i8, i32>(&*array, A::Int32, i32::from),
        A::Int16 => each::<i16, i32>(&*array, A::Int32, i32::from),
        A::UInt8 => each::<u8, u32>(&*array, A::UInt32, u32::from),
        A::UInt16 => each::<u16, u32>(&*array, A::UInt32, u32::from),
        A::Timestamp(ArrowTimeUnit::Second, zone) => {
            let to = A::Timestamp(ArrowTimeUnit::Millisecond, zone.clone());
            each::<i64, i64>(&*array, to, |seconds| seconds.saturating_mul(1_000))
        }
        _ => array,
    }
}

/// A frame as a stream of its chunks.
fn exported(mut held: DataFrame, level: CompatLevel) -> ArrowArrayStream {
    held.align_chunks();
    let fields: Vec<ArrowField> = held
        .columns()
        .iter()
        .map(|column| column.dtype().to_arrow_field(column.name().clone(), level))
        .collect();
    let dtype = ArrowDataType::Struct(fields);
    let n_chunks = held.first_col_n_chunks();
    let field = ArrowField::new("".into(), dtype.clone(), false);
    let batch = move |idx: usize| -> PolarsResult<Box<dyn Array>> {
        let columns = held.columns().iter();
        let arrays: Vec<_> =
            columns.map(|column| column.as_materialized_series().to_arrow(idx, level)).collect();
        let n = arrays.first().map_or(held.height(), |array| array.len());
        Ok(StructArray::try_new(dtype.clone(), n, arrays, None)?.boxed())
    };
    export_iterator(Box::new((0..n_chunks).map(batch)), field)
}
