//! How far the demonstration has come: a bar where somebody watches, a line for each part where nobody does, and what a
//! page shows of it.

use std::{io::IsTerminal as _, sync::Arc, time::Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::loading::{Loading, Part};

/// The parts of a long task, one after another.
pub struct Progress {
    bar: ProgressBar,
    told: Arc<Loading>,
    part: Part,
    began: Instant,
    watched: bool,
}

impl Progress {
    /// `told` is told of every step too.
    pub fn new(told: Arc<Loading>) -> Progress {
        Progress {
            bar: ProgressBar::hidden(),
            told,
            part: Part::Places,
            began: Instant::now(),
            watched: std::io::stderr().is_terminal(),
        }
    }

    /// Begins a part of so many steps.
    pub fn begin(&mut self, part: Part, steps: u64) {
        (self.part, self.began) = (part, Instant::now());
        self.told.begin(part, steps);
        if self.watched {
            let style = ProgressStyle::with_template("{msg:<22} {bar:40} {pos}/{len} {elapsed}");
            self.bar = ProgressBar::new(steps).with_message(part.as_str());
            self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        }
    }

    /// A step of the part is done. Several threads may tell so.
    pub fn step(&self) {
        self.bar.inc(1);
        self.told.step();
    }

    /// The part is done.
    pub fn end(&mut self) {
        self.bar.finish_and_clear();
        eprintln!("leling: {} done in {:.1} s", self.part.as_str(), self.began.elapsed().as_secs_f64());
    }
}
