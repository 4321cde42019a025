//! How far the demonstration has come: a bar where somebody watches, a line for each part where nobody does.

use std::{io::IsTerminal as _, time::Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// The parts of a long task, one after another.
pub struct Progress {
    bar: ProgressBar,
    part: &'static str,
    began: Instant,
    watched: bool,
}

impl Progress {
    pub fn new() -> Progress {
        Progress {
            bar: ProgressBar::hidden(),
            part: "",
            began: Instant::now(),
            watched: std::io::stderr().is_terminal(),
        }
    }

    /// Begins a part of so many steps.
    pub fn begin(&mut self, part: &'static str, steps: u64) {
        (self.part, self.began) = (part, Instant::now());
        if self.watched {
            let style = ProgressStyle::with_template("{msg:<22} {bar:40} {pos}/{len} {elapsed}");
            self.bar = ProgressBar::new(steps).with_message(part);
            self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        }
    }

    /// A step of the part is done. Several threads may tell so.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// The part is done.
    pub fn end(&mut self) {
        self.bar.finish_and_clear();
        eprintln!("leling: {} done in {:.1} s", self.part, self.began.elapsed().as_secs_f64());
    }
}
