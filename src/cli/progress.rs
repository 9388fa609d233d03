//! The bar that a person sees while something large is fetched.
//!
//! May use `cli` and `ingest::http`. Never draws where nobody looks: not into a file or pipe, not
//! under `--quiet`, and not for what is done at once. Has no colours, so that there are none to turn
//! off.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Context;
use crate::ingest::http::Progress;

/// Bytes from which a transfer has a bar.
const LARGE: u64 = 2_000_000;
/// Time from which a transfer has a bar.
const LONG: Duration = Duration::from_secs(1);

/// What draws the transfers of a client, if someone looks.
pub(super) fn bar(context: &Context) -> Option<impl Fn(Progress<'_>) + Send + Sync + use<>> {
    let is_seen = !context.global.quiet && std::io::stderr().is_terminal();
    is_seen.then(|| draw(ProgressDrawTarget::stderr))
}

/// Draws one transfer after the other; those of other threads share the bar.
fn draw(
    target: impl Fn() -> ProgressDrawTarget + Send + Sync,
) -> impl Fn(Progress<'_>) + Send + Sync {
    let shown: Mutex<Option<ProgressBar>> = Mutex::default();
    move |progress| {
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.over {
            if let Some(bar) = shown.take() {
                bar.finish_and_clear();
            }
            return;
        }
        let bar = shown.get_or_insert_with(ProgressBar::hidden);
        let is_large = progress.total.unwrap_or(progress.done) > LARGE;
        if bar.is_hidden() && (is_large || bar.elapsed() > LONG) {
            bar.set_draw_target(target());
            bar.set_style(style(progress.total));
        }
        if let Some(total) = progress.total {
            bar.set_length(total);
        }
        bar.set_position(progress.done);
    }
}

fn style(total: Option<u64>) -> ProgressStyle {
    let template = match total {
        Some(_) => "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        None => "{spinner} {bytes} {bytes_per_sec}",
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use indicatif::TermLike;

    use super::*;

    /// A terminal that remembers all that was written.
    #[derive(Debug, Clone, Default)]
    struct Paper(Arc<Mutex<String>>);

    impl TermLike for Paper {
        fn width(&self) -> u16 {
            60
        }
        fn move_cursor_up(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> std::io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> std::io::Result<()> {
            self.0.lock().expect("one thread").push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> std::io::Result<()> {
            self.write_str("<cleared>")
        }
        fn flush(&self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is drawn of a transfer of `total` bytes, half of which come.
    fn drawn(total: u64, stated: Option<u64>) -> String {
        let paper = Paper::default();
        let target = paper.clone();
        let tell = draw(move || ProgressDrawTarget::term_like(Box::new(target.clone())));
        let url = "https://data.sec.gov/a.json";
        tell(Progress { url, done: total / 2, total: stated, over: false });
        tell(Progress { url, done: total / 2, total: stated, over: true });
        paper.0.lock().expect("one thread").clone()
    }

    #[test]
    fn a_large_transfer_has_a_bar_and_a_small_one_has_none() {
        assert_eq!(drawn(1000, Some(1000)), "");
        assert_eq!(drawn(1000, None), "");
        let bar = drawn(8 << 20, Some(8 << 20));
        assert!(bar.contains("4.00 MiB/8.00 MiB") && bar.ends_with("<cleared>"), "{bar}");
        let count = drawn(8 << 20, None);
        assert!(count.contains("4.00 MiB") && count.ends_with("<cleared>"), "{count}");
        assert!(!(bar + &count).contains('\u{1b}'), "no colours");
    }
}
