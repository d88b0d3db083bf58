//! What counts as failing.

use std::fmt;
use std::sync::Arc;

use regex::bytes::Regex;

use crate::{Ended, Inputs, Outcome};

type Check = dyn Fn(&Outcome) -> Result<(), String> + Send + Sync;

/// What counts as failing; several things may. By default a trap and an exit code other than 0.
#[derive(Clone)]
#[non_exhaustive]
pub struct Failing {
    /// A trap, such as running out of fuel.
    pub trap: bool,
    /// An exit code other than 0.
    pub exit: bool,
    /// Something on standard output.
    pub stdout: Option<Regex>,
    /// Something on standard error.
    pub stderr: Option<Regex>,
    /// An outcome other than the usual one: that of most of the first 64 seeds; of several as frequent, that of the lowest seed.
    pub unusual: bool,
    check: Option<Arc<Check>>,
}

impl Default for Failing {
    fn default() -> Self {
        Failing { trap: true, exit: true, stdout: None, stderr: None, unusual: false, check: None }
    }
}

impl fmt::Debug for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failing { trap, exit, stdout, stderr, unusual, check } = self;
        f.debug_struct("Failing")
            .field("trap", trap)
            .field("exit", exit)
            .field("stdout", stdout)
            .field("stderr", stderr)
            .field("unusual", unusual)
            .field("check", &check.is_some())
            .finish()
    }
}

impl Failing {
    /// Nothing yet.
    pub fn nothing() -> Self {
        Failing { trap: false, exit: false, ..Failing::default() }
    }

    /// What `check` refuses, with its reason, too. It is called for each run, on several threads.
    #[must_use]
    pub fn check(mut self, check: impl Fn(&Outcome) -> Result<(), String> + Send + Sync + 'static) -> Self {
        self.check = Some(Arc::new(check));
        self
    }

    /// What the program of `checker` refuses, too, by an exit code other than 0 or a trap. It is given the directories that the guest left,
    /// under the guest's names.
    #[must_use]
    pub fn check_by(self, checker: Inputs) -> Self {
        self.check(move |outcome| {
            let given = outcome
                .directories
                .iter()
                .fold(checker.clone(), |given, left| given.dir(left.tree.clone(), &left.guest));
            match given.run() {
                Ok(Outcome { ended: Ended::Exit(0), .. }) => Ok(()),
                Ok(checked) => {
                    let said = [&checked.stderr, &checked.stdout].into_iter().find(|said| !said.is_empty());
                    let said = said.map(|said| String::from_utf8_lossy(said).into_owned()).unwrap_or_default();
                    let line = said.lines().next_back().map_or(String::new(), |line| format!(": {line}"));
                    Err(format!("the check ended with {}{line}", checked.ended))
                }
                Err(error) => Err(format!("the check could not be run: {error}")),
            }
        })
    }

    /// Why this run fails, if it does. That it is unusual is not told here.
    pub(super) fn why(&self, outcome: &Outcome) -> Option<String> {
        match &outcome.ended {
            Ended::Exit(0) => {}
            Ended::Exit(code) if self.exit => return Some(format!("exit code {code}")),
            Ended::Trap(trap) if self.trap => return Some(trap.message.clone()),
            _ => {}
        }
        for (pattern, output, name) in
            [(&self.stdout, &outcome.stdout, "standard output"), (&self.stderr, &outcome.stderr, "standard error")]
        {
            if let Some(pattern) = pattern.as_ref().filter(|pattern| pattern.is_match(output)) {
                return Some(format!("`{pattern}` on {name}"));
            }
        }
        self.check.as_ref().and_then(|check| check(outcome).err())
    }
}
