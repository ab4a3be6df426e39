//! What can be made to go wrong, by route and as often as told.

/// What goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StandInFault {
    /// This status instead of an answer.
    Status(u16),
    /// Too many requests, or a rest, with the words of `Retry-After`.
    Busy(u16, &'static str),
    /// Connected, and then silence.
    Hang,
    /// The answer begins and does not go on.
    Stall,
    /// The connection ends within the answer.
    Cut,
    /// The answer comes byte by byte.
    Drip,
    /// It is done, and the connection ends before the answer.
    Lost,
    /// Status 200 with this text instead of the answer.
    Text(String),
    /// A redirect to this place.
    Redirect(u16, &'static str),
    /// A page that repeats the request with its headers.
    Echo(u16),
}

/// How often it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Often {
    /// Until it is healed.
    Always,
    /// So many times.
    Times(u32),
    /// Not so many times, and then once.
    After(u32),
}

/// Faults that wait for their requests.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<(String, Often, StandInFault)>);

impl Faults {
    pub(super) fn add(&mut self, route: &str, often: Often, fault: StandInFault) {
        self.0.push((route.to_owned(), often, fault));
    }

    pub(super) fn heal(&mut self) {
        self.0.clear();
    }

    /// The fault of a request such as `GET /user`, if it has one.
    pub(super) fn take(&mut self, request: &str) -> Option<StandInFault> {
        let at = self.0.iter().position(|(route, ..)| request.contains(route.as_str()))?;
        match &mut self.0[at].1 {
            Often::Always => Some(self.0[at].2.clone()),
            Often::After(0) | Often::Times(1) => Some(self.0.remove(at).2),
            Often::After(left) => {
                *left -= 1;
                None
            }
            Often::Times(left) => {
                *left = left.saturating_sub(1);
                Some(self.0[at].2.clone())
            }
        }
    }
}
