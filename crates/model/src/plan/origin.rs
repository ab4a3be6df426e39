//! Whose a test or hook is: of the recipe, or of the operator's catalogue. Each has a sandbox of its own (SAND-1).

/// The folder of the sandbox in which the catalogue's tests lie, and the first part of their steps' names.
pub const CATALOGUE: &str = "catalogue";

/// Whose a test or hook is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// It comes with the commit under test, or from the folder that was given in its place.
    Recipe,
    /// It comes from the operator's catalogue.
    Catalogue,
}

impl Origin {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Recipe, Self::Catalogue];

    /// Whose a planned test or hook is, by its path. A recipe's own folder of the catalogue's name holds no test that runs.
    #[must_use]
    pub fn of(path: &str) -> Self {
        match path.split_once('/') {
            Some((CATALOGUE, _)) => Self::Catalogue,
            Some(_) | None => Self::Recipe,
        }
    }
}

/// One of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PerOrigin<T> {
    /// The recipe's.
    pub recipe: T,
    /// The catalogue's.
    pub catalogue: T,
}

impl<T> PerOrigin<T> {
    /// That of one.
    pub fn of(&self, origin: Origin) -> &T {
        match origin {
            Origin::Recipe => &self.recipe,
            Origin::Catalogue => &self.catalogue,
        }
    }

    /// That of one, to change it.
    pub fn of_mut(&mut self, origin: Origin) -> &mut T {
        match origin {
            Origin::Recipe => &mut self.recipe,
            Origin::Catalogue => &mut self.catalogue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::own_tests::OwnTests;

    #[test]
    fn a_test_of_the_recipe_is_never_taken_for_one_of_the_catalogue() {
        assert_eq!(Origin::of("catalogue/custom/a.sh"), Origin::Catalogue);
        assert_eq!(Origin::of("custom/a.sh"), Origin::Recipe);
        assert_eq!(Origin::of("catalogue"), Origin::Recipe);
        let files =
            ["catalogue/a.sh", "catalogue/custom/a.sh", "catalogue/hooks/pre_upgrade", "catalogue/install.hurl"];
        let own = OwnTests::find(files.map(|file| (file, true)));
        assert!(own.tests.is_empty() && own.hooks.is_empty(), "{own:?}");
    }
}
