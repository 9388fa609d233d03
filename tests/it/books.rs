//! What was sold, bought and installed: against Epoch's file, by hand, and blind to what came later.

use std::sync::OnceLock;

use chipcast::archive::{Archive, Batch, Snapshot};
use chipcast::draws::Draws;
use chipcast::ingest::bundled;
use chipcast::period::Period;
use chipcast::scaling::assumption::{Assumptions, Worlds};
use chipcast::scaling::chain::{ChainInput, ChainTables, FleetUse, Purchases, chain};
use chipcast::scaling::estimates::{estimates, stock};
use chipcast::scaling::fleet::{Fleet, LabUse, fleet, lab_uses, world};
use chipcast::scaling::law::{Form, Law, Sampling, Scale, rows};
use chipcast::scaling::reconcile::{Anchor, Book, OtherChips, Reconciliation, reconcile};
use chipcast::scaling::rivals::{Quantity, agreements, pairs, ranks, spearman};
use chipcast::scaling::sold::{
    ALL_CHIPS, MAKERS, RevenueBasis, Sale, by_year, estimated, published_totals, sold,
};
use chipcast::units::Units;
use chrono::NaiveDate;

use crate::support::{chipcast, day, id, shared};

fn tables() -> ChainTables {
    ChainTables::bundled().expect("bundled")
}

fn worlds(known: &Snapshot, n_draws: usize) -> Worlds {
    Worlds { seed: 0, origin: known.as_of(), n_draws }
}

fn bundle() -> &'static Archive {
    static BUNDLE: OnceLock<Archive> = OnceLock::new();
    BUNDLE.get_or_init(|| bundled::archive().expect("bundled"))
}

fn on(as_of: &str) -> Snapshot {
    bundle().as_of(day(as_of)).expect("known then")
}

fn now() -> Snapshot {
    bundle().as_of(bundle().known_through()).expect("known")
}

fn quarters() -> &'static [Sale] {
    static SOLD: OnceLock<Vec<Sale>> = OnceLock::new();
    SOLD.get_or_init(|| sold(&now(), &tables(), &worlds(&now(), 10_000)).expect("revenue is there"))
}

fn through(sales: &[Sale], end: &str) -> Draws<f64> {
    let end = day(end);
    let sale = sales.iter().find(|sale| sale.period.end() == end).expect("covered");
    sale.total().expect("all chips").cumulative.map(|h100e| h100e.0)
}

#[test]
fn nvidias_sales_lie_inside_epochs_intervals() {
    let totals = published_totals(now().as_of()).expect("bundled");
    for (end, target) in [
        ("2022-12-31", [229_850.0, 289_671.0, 368_288.0]),
        ("2023-12-31", [1_170_842.0, 1_391_249.0, 1_634_022.0]),
        ("2024-12-31", [4_009_641.0, 4_724_425.0, 5_501_653.0]),
        ("2025-12-31", [11_899_055.0, 13_659_258.0, 15_548_902.0]),
    ] {
        let published = totals
            .iter()
            .find(|total| total.maker == "nvda" && total.period.end() == day(end))
            .expect("published");
        assert_eq!(published.quantiles.map(|h100e| h100e.0), target, "Epoch's file, {end}");
        let found = through(quarters(), end).quantiles(&[0.05, 0.5, 0.95]);
        let [low, median, high] = target;
        let ratio = found[1] / median;
        let width = (found[2] / found[0]).ln() / (high / low).ln();
        println!("{end}: {found:.0?}, median {ratio:.3} and width {width:.2} of Epoch's");
        assert!(low < found[1] && found[1] < high, "{end}: {found:?}");
        assert!((ratio - 1.0).abs() < 0.10, "{end}: {ratio}");
        // One price a chip and year: narrower than Epoch's, which holds one price for all years.
        assert!((0.5..1.5).contains(&width), "{end}: {width}");
    }
}

#[test]
fn january_2022_by_hand() {
    // 2022Q1 = 30/91 of fiscal 2022Q4 (3.263 G$ x compute share 0.84) + 60/91 of 2.81 G$, all A100 at
    // (10 x 20 x 10 x 15)^(1/4) = 13.161 k$: 0.9036 + 1.8527 = 2.756 G$, 209,400 chips, 66,030 h100e.
    let first = &quarters()[0];
    assert_eq!(first.period.to_string(), "2022-01-01..2022-03-31");
    let total = first.total().expect("all chips");
    assert!((total.units.median() / 209_400.0 - 1.0).abs() < 0.02, "{}", total.units.median());
    assert!((total.h100e.median() / 66_030.0 - 1.0).abs() < 0.02, "{}", total.h100e.median());
    assert!(first.is_mix_carried, "the mix is known from 2022-01-31 on");
    let bases: Vec<_> = first.bases.iter().copied().collect();
    assert_eq!(bases, [RevenueBasis::Compiled, RevenueBasis::Share]);
}

#[test]
fn sums_are_made_draw_by_draw_and_percentiles_do_not_add_up() {
    let totals: Vec<_> = quarters()
        .iter()
        .filter(|sale| sale.period.end() <= day("2025-12-31"))
        .map(|sale| sale.total().expect("all chips"))
        .collect();
    let cumulative = through(quarters(), "2025-12-31");
    for (world, found) in cumulative.values().iter().enumerate().take(100) {
        let sum: f64 = totals.iter().map(|total| total.h100e.values()[world].0).sum();
        assert!((found / sum - 1.0).abs() < 1e-12, "draw {world}: {found} for {sum}");
    }
    for level in [0.05, 0.95] {
        let added: f64 = totals.iter().map(|total| total.h100e.quantile(level)).sum();
        let wrong = added / cumulative.quantile(level) - 1.0;
        assert!(wrong.abs() > 0.02, "{level}: adding percentiles would be {wrong} off");
        assert!((wrong < 0.0) == (level < 0.5), "it is too wide: {level} {wrong}");
    }
    let years = by_year(quarters()).expect("alike");
    let by_year = through(&years, "2025-12-31");
    let mut both = by_year.values().iter().zip(cumulative.values());
    assert!(both.all(|(a, b)| (a / b - 1.0).abs() < 1e-12), "years and quarters are one book");
    let year = years.iter().find(|year| year.period.end() == day("2025-12-31")).expect("2025");
    let chips = year.chips.iter().filter(|chip| chip.chip != ALL_CHIPS);
    let sum: f64 = chips.map(|chip| chip.h100e.values()[7].0).sum();
    assert!((sum / year.total().expect("all").h100e.values()[7].0 - 1.0).abs() < 1e-12);
}

#[test]
fn an_early_day_sees_neither_later_revenue_nor_the_split() {
    let known = on("2024-03-01");
    let found = sold(&known, &tables(), &worlds(&known, 200)).expect("revenue is there");
    // Fiscal 2024Q4 to 2024-01-28 was public on 2024-02-21; 2024Q1 is not over.
    assert_eq!(found.last().expect("some").period.end(), day("2023-12-31"));
    // The split of fiscal 2024 was first given from 2024-05-22 on, Epoch's table in 2026.
    assert!(found.iter().all(|sale| sale.bases.iter().eq([&RevenueBasis::Share])));
    assert!(published_totals(known.as_of()).expect("bundled").is_empty());
    assert!(estimated(&known, "googl", &worlds(&known, 200)).expect("a maker").is_empty());
}

#[test]
fn other_makers_are_epochs_estimates() {
    let known = now();
    let totals = published_totals(known.as_of()).expect("bundled");
    for maker in &MAKERS[1..] {
        let found = estimated(&known, maker, &worlds(&known, 4000)).expect("a maker");
        let median = through(&found, "2025-12-31").median();
        let end = day("2025-12-31");
        let total = totals.iter().find(|t| t.maker == *maker && t.period.end() == end);
        let ratio = median / total.expect("published").quantiles[1].0;
        assert!((ratio - 1.0).abs() < 0.05, "{maker}: {ratio}");
    }
    let error = estimated(&known, "cerebras", &worlds(&known, 10)).expect_err("not covered");
    assert_eq!(error.to_string(), "no sales of maker `cerebras` are known");
}

#[test]
fn the_table_of_totals_is_epochs_export() {
    let Some(folder) = shared() else { return };
    let totals = published_totals(now().as_of()).expect("bundled");
    let mut n_rows = 0;
    for (maker, file) in
        [("nvda", "nvidia"), ("googl", "tpu"), ("amd", "amd"), ("amzn", "trainium")]
    {
        let path = folder.join(format!("data/raw/epoch/csv_export/{file}_cumulative_totals.csv"));
        let mut reader = csv::Reader::from_path(path).expect("the shared file");
        let header = reader.headers().expect("a header").clone();
        let column = |name: &str| header.iter().position(|h| h.contains(name)).expect("there");
        let at = column("Compute estimate in H100e (median)");
        for row in reader.records() {
            let row = row.expect("a row");
            let end =
                NaiveDate::parse_from_str(&row[column("End date")], "%m/%d/%Y").expect("a day");
            if row.iter().any(|cell| cell.starts_with("Incomplete")) {
                continue;
            }
            let ours = totals.iter().find(|t| t.maker == maker && t.period.end() == end);
            let ours = ours.expect("in the table").quantiles[1].0;
            assert_eq!(ours.to_string(), row[at], "{maker} {end}");
            n_rows += 1;
        }
    }
    assert_eq!(n_rows, totals.len());
}

#[test]
fn rivals_stand_side_by_side() {
    let known = now();
    let found = pairs(&known, &tables().market).expect("bundled");
    let msft = found
        .iter()
        .find(|pair| (pair.subject.as_str(), pair.chips.as_str()) == ("msft", "hopper"))
        .expect("both say something");
    assert_eq!(msft.one.value, 485_000.0);
    // 133,814 + 163,588 + 199,913 + 181,934 Hopper; with Blackwell's first quarter 735 k.
    assert_eq!(msft.other.value, 679_249.0);
    let all = found.iter().find(|pair| pair.subject == "msft" && pair.chips == "all nvda");
    assert!((all.expect("both").other.value / 735_246.0 - 1.0).abs() < 1e-6);
    assert!(msft.one.source.contains("Omdia") && msft.other.source.contains("Epoch"));
    let hopper = agreements(&found).into_iter().find(|a| a.chips == "hopper").expect("2024");
    println!("{hopper:?}");
    assert_eq!((hopper.year, hopper.n_owners), (2024, 4));
    assert_eq!(hopper.spearman, 1.0, "the order of Microsoft, Meta, Amazon and Google is the same");
    assert!(hopper.ratios.0 > 1.3 && hopper.ratios.1 < 1.8, "the levels are not");
    let b200 = found
        .iter()
        .find(|pair| pair.quantity == Quantity::H100ePerUnit && pair.subject == "B200")
        .expect("both count it");
    assert!((b200.one.value - 2.274).abs() < 5e-4 && (b200.other.value - 2.5265).abs() < 5e-4);
    // No estimate of Epoch's was public in 2025.
    assert!(pairs(&on("2025-12-31"), &tables().market).expect("ok").is_empty());
}

#[test]
fn ranks_and_their_correlation_by_hand() {
    assert_eq!(ranks(&[10.0, 30.0, 20.0, 20.0]), [4.0, 1.0, 2.5, 2.5]);
    // 1 - 6 (0 + 1 + 1) / (3 x 8) = 0.5
    assert!((spearman(&[3.0, 2.0, 1.0], &[3.0, 1.0, 2.0]) - 0.5).abs() < 1e-12);
    assert!((spearman(&[1.0, 2.0], &[5.0, 4.0]) + 1.0).abs() < 1e-12);
}

fn find(found: &[Reconciliation], anchor: Anchor, book: Book, end: &str) -> Reconciliation {
    let is_it = |row: &&Reconciliation| {
        (row.anchor, row.book, row.period.end()) == (anchor, book, day(end))
    };
    found.iter().find(is_it).expect("covered").clone()
}

#[test]
fn buyers_against_hyperscale() {
    let known = now();
    let worlds = worlds(&known, 2000);
    let found = reconcile(&known, &tables(), &worlds).expect("both sides");
    let assumptions = Assumptions::bundled().expect("bundled");
    let share = assumptions.draws("compute_share_of_data_center_revenue", &worlds).expect("known");
    for (end, usd) in [("2025-04-27", 17.599e9), ("2026-01-25", 33.814e9), ("2026-04-26", 37.869e9)]
    {
        let row = find(&found, Anchor::Hyperscale, Book::Capex, end);
        assert!((row.nvidia_usd.values()[3].0 / (usd * share.values()[3]) - 1.0).abs() < 1e-12);
        assert!(row.missing.is_empty() && row.other_chips == OtherChips::Out);
        let sum: f64 = row.buyers.iter().map(|(_, usd)| usd.values()[3].0).sum();
        let gap = sum - row.nvidia_usd.values()[3].0;
        assert!((row.gap_usd.values()[3].0 - gap).abs() < 1.0);
        println!("{end}: gap {:?}", row.gap_ratio.quantiles(&[0.05, 0.5, 0.95]));
    }
    // Microsoft over 2025-01-27..2025-04-27: 64 of the 90 days of Q1, 27 of the 91 of Q2.
    let row = find(&found, Anchor::Hyperscale, Book::Capex, "2025-04-27");
    let quarter = |start: &str, end: &str| {
        let period = Period::new(day(start), day(end)).expect("ordered");
        known.source_of(&id("msft.capex_cash"), period).expect("ok").expect("filed").value
    };
    let capex = quarter("2025-01-01", "2025-03-31") * 64.0 / 90.0
        + quarter("2025-04-01", "2025-06-30") * 27.0 / 91.0;
    let of = |series: &str| {
        let all = estimates(&known, series).expect("ok");
        let until = day("2025-06-30");
        all.into_iter().find(|quarter| quarter.period.end() == until).expect("there").median
    };
    let nvidia = of("msft.gpu_purchases_h100e.nvda") / of("msft.gpu_purchases_h100e");
    let merchant =
        assumptions.draws("accelerator_share_of_capex_merchant", &worlds).expect("known");
    let needed = capex * nvidia * merchant.values()[3];
    assert_eq!(row.buyers[0].0, "msft");
    assert!((row.buyers[0].1.values()[3].0 / needed - 1.0).abs() < 1e-12);
}

#[test]
fn all_owners_of_epochs_add_up_to_nvidias_compute() {
    let known = now();
    let found = reconcile(&known, &tables(), &worlds(&known, 2000)).expect("both sides");
    for row in found.iter().filter(|r| (r.anchor, r.book) == (Anchor::Compute, Book::Purchases)) {
        assert_eq!(row.buyers.len(), 7, "each owner once");
        let gap = row.gap_ratio.median();
        println!("{}: {gap:.3}", row.period);
        assert!(gap.abs() < 0.20, "{}: {gap}", row.period);
    }
}

#[test]
fn before_its_first_print_hyperscale_is_not_there() {
    let known = on("2026-05-19");
    let found = reconcile(&known, &tables(), &worlds(&known, 50)).expect("compute is there");
    assert!(found.iter().all(|row| row.anchor == Anchor::Compute));
    let known = on("2026-03-01");
    let found = reconcile(&known, &tables(), &worlds(&known, 50)).expect("compute is there");
    let own_chips_in = |row: &Reconciliation| row.other_chips == OtherChips::In;
    assert!(found.iter().all(|row| row.book == Book::Capex && own_chips_in(row)));
}

#[test]
fn each_owner_is_counted_once_and_the_world_adds_up() {
    let known = now();
    let worlds = worlds(&known, 4000);
    let found = world(&known, day("2025-12-31"), &tables(), &worlds).expect("year end");
    assert!(found.missing.is_empty(), "{:?}", found.missing);
    let names: Vec<_> = found.owners.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"other") && !names.contains(&"other_incl_named"));
    // Epoch's medians: 5.050 + 3.416 + 2.449 + 2.302 + 1.144 + 0.832 + 0.554 + 0.412 + 3.363 = 19.52M.
    let (owned, sold) = (found.owned.median(), found.sold.median());
    println!("owned {owned:.3e}, sold {sold:.3e}");
    assert!((owned / 19.522e6 - 1.0).abs() < 0.02, "{owned}");
    assert!((sold / 20e6 - 1.0).abs() < 0.10, "{sold}");
    let world = 11;
    let sum: f64 = found.owners.iter().map(|(_, h100e)| h100e.values()[world].0).sum();
    assert!((found.owned.values()[world].0 / sum - 1.0).abs() < 1e-12);
}

#[test]
fn what_runs_is_less_than_what_is_owned_and_draws_power() {
    let known = now();
    let worlds = worlds(&known, 2000);
    let end = day("2025-12-31");
    let google: Fleet = fleet(&known, "googl", end, &tables(), &worlds).expect("estimated");
    assert!((google.owned.median() / 5.05e6 - 1.0).abs() < 0.01);
    let running = google.running.median() / google.owned.median();
    assert!((0.6..0.98).contains(&running), "a quarter's purchases wait: {running}");
    let all = google.owned.values().iter().zip(google.running.values());
    assert!(all.into_iter().all(|(owned, running)| running.0 < owned.0));
    let ratio = google.facility_power.median() / google.it_power.median();
    assert!((1.1..1.7).contains(&ratio), "{ratio}");
    assert!((1e9..10e9).contains(&google.it_power.median()));
    let later = fleet(&known, "googl", day("2026-06-30"), &tables(), &worlds).expect("capex");
    assert!(later.missing.is_empty(), "capex is known to that day");
    assert!(later.owned.median() > 1.2 * google.owned.median(), "two quarters of capex more");
    let xai = fleet(&known, "xai", day("2026-06-30"), &tables(), &worlds).expect("estimated");
    assert!(xai.missing.iter().any(|words| words == "later purchases"));
    let error = fleet(&known, "nokia", end, &tables(), &worlds).expect_err("owns none");
    assert_eq!(error.to_string(), "no installed base of owner `nokia` is known");
    let early = on("2026-03-01");
    let error = fleet(&early, "msft", end, &tables(), &worlds).expect_err("not public");
    assert_eq!(
        error.to_string(),
        "no installed base of `msft` on or before 2025-12-31 was public on 2026-03-01"
    );
}

#[test]
fn labs_use_a_share_of_their_hosts() {
    let known = now();
    let worlds = worlds(&known, 4000);
    let found = lab_uses(&known, day("2025-12-31"), &worlds).expect("bundled");
    let of = |labs: &[&str]| -> &LabUse {
        found.iter().find(|found| found.labs == labs).expect("known")
    };
    // Medians: 1.00M of 2.30M, 1.74M of 3.42M + 1.14M + 0.83M.
    assert!(
        (of(&["meta_superintelligence_labs"]).share.median() / (1.00 / 2.30) - 1.0).abs() < 0.03
    );
    let openai = of(&["openai"]);
    assert_eq!(openai.hosts, ["crwv", "msft", "orcl"]);
    assert!((openai.share.median() / (1.74 / 5.392) - 1.0).abs() < 0.03);
    let joint = of(&["anthropic", "google_deepmind"]);
    assert_eq!(joint.hosts, ["amzn", "googl"], "Google is counted once");
    assert!((joint.share.median() / ((1.19 + 1.58) / 7.498) - 1.0).abs() < 0.05);
    assert!(of(&["xai"]).share.median() > 1.0, "two estimates that contradict each other");
    // A year earlier CoreWeave was no host of OpenAI's.
    let earlier = lab_uses(&known, day("2025-06-30"), &worlds).expect("bundled");
    let openai = earlier.iter().find(|found| found.labs == ["openai"]).expect("known");
    assert_eq!((openai.hosts.join(" "), openai.date), ("msft orcl".to_owned(), day("2024-12-31")));
}

/// The bundle with every series of the books a thousandfold, published after `day`.
fn falsified(after: NaiveDate) -> Archive {
    let vintage = after.succ_opt().expect("a day");
    let mut rows = Vec::new();
    for series in bundle().series_ids().expect("readable") {
        let is_book = ["capex_cash", "gpu_", "installed_h100e", "compute_in_use", "data_center"]
            .iter()
            .any(|part| series.as_str().contains(part));
        if !is_book {
            continue;
        }
        let known = bundle().as_of(after).expect("known").current(series).unwrap_or_default();
        rows.extend(known.into_iter().map(|mut row| {
            row.value *= 1024.0;
            row.vintage = vintage;
            row
        }));
    }
    assert!(rows.len() > 1000, "{}", rows.len());
    let batch = Batch { observations: rows, announcements: Vec::new(), known_through: vintage };
    bundle().append(&batch).expect("revisions").0
}

#[test]
fn nothing_published_after_the_day_moves_a_number() {
    let after = day("2026-09-24");
    let archive = falsified(after);
    let (honest, falsified) = (now(), archive.as_of(after).expect("known"));
    let worlds = worlds(&honest, 50);
    let tables = tables();
    let books = |known: &Snapshot| {
        let fleet = |owner| fleet(known, owner, after, &tables, &worlds).expect("estimated");
        let (msft, xai) = (fleet("msft"), fleet("xai"));
        (
            sold(known, &tables, &worlds).expect("revenue is there"),
            reconcile(known, &tables, &worlds).expect("both sides"),
            world(known, after, &tables, &worlds).expect("a year end"),
            lab_uses(known, after, &worlds).expect("bundled"),
            pairs(known, &tables.market).expect("bundled"),
            (msft, xai),
        )
    };
    let (one, other) = (books(&honest), books(&falsified));
    assert!(one == other, "a value of the day after moved something");
    let next = books(&archive.as_of(after.succ_opt().expect("a day")).expect("known"));
    assert!(one.0 != next.0 && one.1 != next.1 && one.2 != next.2, "the day after sees it");
    assert!(one.3 != next.3 && one.4 != next.4 && one.5 != next.5, "the day after sees it");
}

#[test]
fn the_chain_takes_counted_chips() {
    let known = now();
    let worlds = worlds(&known, 500);
    let tables = tables();
    let models = rows(Scale::Eci).expect("bundled");
    let sampling = Sampling { worlds, n_bootstraps: 20 };
    let law =
        Law::fit(Scale::Eci, Form::LOG, &models, &tables.assumptions, sampling).expect("fits");
    let quarter = Period::new(day("2026-01-01"), day("2026-03-31")).expect("ordered");
    let bought = |chip: &str, n: f64| {
        let units = vec![
            ("H100".to_owned(), Draws::constant(Units(1024.0), 500)),
            (chip.to_owned(), Draws::constant(Units(n), 500)),
        ];
        let input = ChainInput {
            company: "lab",
            purchases: Purchases::Units(vec![(quarter, units)]),
            stock: None,
            fleet_use: FleetUse::Lab,
            date: day("2026-12-31"),
        };
        chain(&input, &tables, &law, &worlds)
    };
    // 1024 + 512 x 2.5265 = 2317.6
    let found = bought("GB200", 512.0).expect("known chips");
    assert!((found.purchases[0].1.median() - 2317.6).abs() < 0.1);
    let names: Vec<_> = found.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names[..2], ["chips bought", "purchases"]);
    let error = bought("GB9000", 512.0).expect_err("no such chip");
    assert_eq!(error.to_string(), "chip `GB9000` is not in the table of hardware");
    assert!(bought("GB200", -1.0).is_err() && bought("GB200", f64::NAN).is_err());
}

#[test]
fn the_last_estimate_on_or_before_a_day() {
    let known = now();
    let found = stock(&known, "msft", day("2025-11-15")).expect("ok").expect("estimated");
    assert_eq!(found.date, day("2025-09-30"));
    assert!(stock(&known, "msft", day("2020-01-01")).expect("ok").is_none());
}

#[test]
fn the_commands_print_rows_and_refuse_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |words: &[&str]| chipcast(folder.path(), words);
    let json = |command: &str| run(&["--format", "json", "scale", command]);
    let sold = json("sold");
    assert_eq!(sold.code, 0, "{}", sold.err);
    let total = sold
        .rows()
        .into_iter()
        .find(|r| r["maker"] == "nvda" && r["period_end"] == "2024-12-31" && r["chip"] == "all")
        .expect("a row");
    let median = total["cumulative_h100e_p50"].as_f64().expect("a number");
    assert!((median / 4.724e6 - 1.0).abs() < 0.1, "{median}");
    assert_eq!(total["rival_cumulative_h100e_p50"].as_f64(), Some(4_724_425.0));
    for command in ["rivals", "reconcile", "installed"] {
        let found = json(command);
        assert_eq!(found.code, 0, "{}", found.err);
        assert!(found.rows().len() > 5, "{command}");
        assert!(found.rows().iter().all(|r| !r.to_string().contains("NaN")), "{command}");
    }
    for command in ["sold", "rivals", "reconcile", "installed"] {
        let found = run(&["scale", command]);
        let widest = found.out.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(120), "{command} is read in 120 columns:\n{}", found.out);
    }
    let error = run(&["scale", "sold", "--maker", "cerebras"]);
    assert_eq!(error.code, 2);
    assert!(error.err.contains("`cerebras`") && error.err.contains("nvda, googl, amd, amzn"));
    let error = run(&["scale", "installed", "nokia"]);
    assert!(error.code == 2 && error.err.contains("`nokia`"), "{}", error.err);
    let error = run(&["--as-of", "2026-06-01", "scale", "installed", "--date", "2026-07-01"]);
    assert!(error.code == 2 && error.err.contains("2026-07-01"), "{}", error.err);
}
