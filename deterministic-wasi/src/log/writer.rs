//! A log that is written.

use std::io::{self, Write};

use deterministic_core::Instant;

use super::{Call, CallLog, Digests, Filter, Format, Mark};
#[cfg(feature = "json")]
use super::{json, perfetto};

/// Writes calls, each when it is over, and keeps none: a log of any length takes the same memory.
///
/// Digests are of all calls, whichever are written: one at each [interval](Digests), and one at the end.
///
/// ```
/// use deterministic_core::Policies;
/// use deterministic_wasi::log::{Format, Writer};
/// use deterministic_wasi::p1::P1Ctx;
///
/// let mut ctx = P1Ctx::new(Policies::default());
/// ctx.deterministic_mut().set_log(Box::new(Writer::new(std::io::stderr(), Format::Text)));
/// // ... run a guest in a store with `ctx`
/// ```
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    format: Format,
    filter: Filter,
    digests: Digests,
    until: Instant,
    begun: bool,
    /// Nothing is written any more.
    over: bool,
    #[cfg(feature = "json")]
    track: perfetto::Track,
}

impl<W: Write> Writer<W> {
    /// Writes all calls to `out`, which should be buffered.
    pub fn new(out: W, format: Format) -> Self {
        Writer {
            out,
            format,
            filter: Filter::default(),
            digests: Digests::default(),
            until: Instant::ZERO,
            begun: false,
            over: false,
            #[cfg(feature = "json")]
            track: perfetto::Track::default(),
        }
    }

    /// Writes those that `filter` lets pass.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Writes digests at these intervals.
    #[must_use]
    pub fn digests(mut self, digests: Digests) -> Self {
        self.digests = digests;
        self
    }

    /// Writes the last digest and what the format ends with, and passes on what is buffered. Calls that come later are not
    /// written: there should be none. Gives the digest of all calls.
    ///
    /// # Errors
    ///
    /// What the stream says that cannot take it.
    pub fn finish(&mut self) -> io::Result<Mark> {
        let mark = self.digests.mark();
        if !self.over {
            self.over = true;
            self.begin()?;
            self.mark(mark)?;
            #[cfg(feature = "json")]
            if self.format == Format::Perfetto {
                self.out.write_all(perfetto::END)?;
            }
            self.out.flush()?;
        }
        Ok(mark)
    }

    /// Where it is written.
    pub fn get_ref(&self) -> &W {
        &self.out
    }

    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        #[cfg(feature = "json")]
        if self.format == Format::Perfetto {
            self.out.write_all(perfetto::BEGIN)?;
        }
        Ok(())
    }

    fn mark(&mut self, mark: Mark) -> io::Result<()> {
        match self.format {
            Format::Text | Format::Digests => writeln!(self.out, "# {} calls: {}", mark.calls, mark.digest),
            #[cfg(feature = "json")]
            Format::Json => line(&mut self.out, &json::MarkLine(mark)),
            #[cfg(feature = "json")]
            Format::Perfetto => perfetto::mark(&mut self.out, mark, self.until),
        }
    }
}

#[cfg(feature = "json")]
fn line(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

impl<W: Write + Send> CallLog for Writer<W> {
    fn call(&mut self, call: &Call<'_>) -> io::Result<()> {
        if self.over {
            return Ok(());
        }
        self.begin()?;
        self.until = self.until.max(call.until);
        let mark = self.digests.call(call);
        if self.filter.passes(call) {
            match self.format {
                Format::Text => writeln!(self.out, "{call}")?,
                #[cfg(feature = "json")]
                Format::Json => line(&mut self.out, &json::Line(call))?,
                #[cfg(feature = "json")]
                Format::Perfetto => self.track.call(&mut self.out, call)?,
                Format::Digests => {}
            }
        }
        mark.map_or(Ok(()), |mark| self.mark(mark))
    }
}
