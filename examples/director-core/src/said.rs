//! What is wrong, said once until it changes or is mended.

use std::collections::BTreeSet;

/// What has been said to be wrong, with which object.
#[derive(Debug, Clone)]
pub struct Said<T>(BTreeSet<(T, String)>);

impl<T> Default for Said<T> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

impl<T: Ord + Clone> Said<T> {
    /// These objects were looked at, and that is all that is wrong with them; of others nothing is
    /// known. Gives back what is to be said of it.
    pub fn handle(
        &mut self,
        looked_at: impl Fn(&T) -> bool,
        wrong: impl IntoIterator<Item = (T, String)>,
    ) -> Vec<String> {
        let wrong: BTreeSet<_> = wrong.into_iter().collect();
        self.0.retain(|said| !looked_at(&said.0) || wrong.contains(said));
        let news = wrong.into_iter().filter(|it| self.0.insert(it.clone()));
        news.map(|(_, text)| text).collect()
    }
}

impl Said<()> {
    /// The same where there is only one object.
    pub fn handle_all(&mut self, wrong: impl IntoIterator<Item = String>) -> Vec<String> {
        self.handle(|()| true, wrong.into_iter().map(|text| ((), text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said when this is wrong with an object, if anything is.
    fn look(said: &mut Said<u8>, object: u8, wrong: Option<&str>) -> Vec<String> {
        said.handle(|at| *at == object, wrong.map(|wrong| (object, wrong.to_owned())))
    }

    #[test]
    fn what_is_still_wrong_is_not_said_again() {
        let mut said = Said::default();
        assert_eq!(look(&mut said, 1, Some("refused")), ["refused"]);
        assert!(look(&mut said, 1, Some("refused")).is_empty());
    }

    #[test]
    fn what_becomes_of_one_object_has_nothing_of_another_said_again() {
        let mut said = Said::default();
        look(&mut said, 1, Some("refused"));
        look(&mut said, 2, None);
        assert_eq!(look(&mut said, 2, Some("refused")), ["refused"]);
        assert!(look(&mut said, 1, Some("refused")).is_empty());
    }

    #[test]
    fn what_is_wrong_in_another_way_is_said() {
        let mut said = Said::default();
        look(&mut said, 1, Some("refused"));
        assert_eq!(look(&mut said, 1, Some("not there")), ["not there"]);
        assert_eq!(look(&mut said, 1, Some("refused")), ["refused"]);
    }

    #[test]
    fn what_is_wrong_with_the_only_object_is_said_once_until_it_is_something_else() {
        let mut said = Said::default();
        let news: Vec<_> = ["a", "a", "b", "a"]
            .map(|wrong| !said.handle_all([wrong.to_owned()]).is_empty())
            .into();
        assert_eq!(news, [true, false, true, true]);
    }

    #[test]
    fn what_was_mended_and_is_wrong_again_is_said_again() {
        let mut said = Said::default();
        look(&mut said, 1, Some("refused"));
        assert!(look(&mut said, 1, None).is_empty());
        assert_eq!(look(&mut said, 1, Some("refused")), ["refused"]);
    }

    #[test]
    fn all_that_is_wrong_with_an_object_is_said() {
        let mut said = Said::default();
        let wrong = ["refused", "not there"].map(|wrong| (1, wrong.to_owned()));
        assert_eq!(said.handle(|_| true, wrong), ["not there", "refused"]);
        assert!(look(&mut said, 1, Some("refused")).is_empty());
    }
}
