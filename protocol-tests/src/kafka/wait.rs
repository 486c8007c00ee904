//! The one place of the harness that looks at a clock and sleeps: foreign processes live in real
//! time.

use std::time::Duration;

/// Asks `done` every 100 ms until it says true (then true is returned), fails, or `timeout` has
/// passed (then false).
#[expect(
    clippy::disallowed_methods,
    reason = "foreign processes live in real time, which no simulation can pause"
)]
pub(super) fn until<E>(
    timeout: Duration,
    mut done: impl FnMut() -> Result<bool, E>,
) -> Result<bool, E> {
    let start = std::time::Instant::now();
    while !done()? {
        if start.elapsed() >= timeout {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(true)
}
