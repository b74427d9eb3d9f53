//! Who leads, as far as a tab has heard: what an earlier leader still says is not to be mixed with what the
//! present one says. Words between tabs may overtake those of another tab. Called by the driver.

/// A tab of this browser, by a name that it made up when it was opened or came back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tab(pub String);

/// One tab's time as the leader. A later one is higher.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    pub number: u64,
    pub tab: Tab,
}

/// Whom a tab is served by.
#[derive(Debug, Default)]
pub struct Allegiance {
    /// The latest leader that was heard of.
    heard: Option<Term>,
    /// Who answers the virtual socket that is open now.
    served_by: Option<Term>,
}

impl Allegiance {
    /// The term of this `tab` if it begins now: later than all that were heard of, and, by the wall clock in
    /// milliseconds, later than those that were not.
    pub fn next_term(&self, tab: Tab, wall_ms: u64) -> Term {
        let after = self.heard.as_ref().map_or(0, |heard| heard.number.saturating_add(1));
        Term { number: after.max(wall_ms), tab }
    }

    /// A virtual socket is opened, to whoever leads.
    pub fn opens(&mut self) {
        self.served_by = None;
    }

    /// A tab says that it leads from now on. Whether a virtual socket is to be opened to it, in place of
    /// what there is.
    pub fn announced(&mut self, term: Term) -> bool {
        let news = self.heard.as_ref().is_none_or(|heard| *heard < term);
        if news {
            self.heard = Some(term);
        }
        news
    }

    /// A leader speaks to this tab. Whether it is the one that counts.
    pub fn speaks(&mut self, term: &Term) -> bool {
        match &self.served_by {
            Some(leader) => leader == term,
            None if self.heard.as_ref().is_some_and(|heard| heard > term) => false,
            None => {
                self.heard = Some(term.clone());
                self.served_by = self.heard.clone();
                true
            }
        }
    }

    /// Whether this is the leader that serves this tab.
    pub fn is_served_by(&self, term: &Term) -> bool {
        self.served_by.as_ref() == Some(term)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(number: u64, tab: &str) -> Term {
        Term { number, tab: Tab(tab.to_owned()) }
    }

    #[test]
    fn p9_a_leader_that_was_replaced_is_not_heard_any_more() {
        let mut tab = Allegiance::default();
        tab.opens();
        assert!(tab.speaks(&term(5, "a")), "the first to answer leads");
        assert!(!tab.speaks(&term(6, "b")), "nobody else speaks on the same virtual socket");
        assert!(tab.announced(term(6, "b")));
        assert!(!tab.announced(term(6, "b")), "once is enough");
        tab.opens();
        assert!(!tab.speaks(&term(5, "a")), "a late word");
        assert!(!tab.is_served_by(&term(6, "b")));
        assert!(tab.speaks(&term(6, "b")));
        assert!(tab.is_served_by(&term(6, "b")));
        assert!(!tab.announced(term(5, "a")), "a late announcement");
    }

    #[test]
    fn p9_terms_go_up_whatever_the_clock_says() {
        let mut tab = Allegiance::default();
        assert_eq!(tab.next_term(Tab("c".to_owned()), 1_000), term(1_000, "c"));
        tab.announced(term(2_000, "a"));
        assert_eq!(tab.next_term(Tab("c".to_owned()), 1_000), term(2_001, "c"));
        assert_eq!(tab.next_term(Tab("c".to_owned()), 3_000), term(3_000, "c"));
    }
}
