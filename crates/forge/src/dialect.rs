//! The forges that are spoken, and where their ways part.

/// Whose words a forge speaks. Both have the same routes; decisions hang on what is answered, not on this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeDialect {
    /// Gitea, from 1.11 on.
    Gitea,
    /// Forgejo, from 7 on.
    Forgejo,
}

/// How a signature is written in its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureForm {
    /// The digits alone.
    Hex,
    /// The digits behind `sha256=`.
    Named,
}

impl ForgeDialect {
    /// Headers that may carry the signature of a webhook; any of them will do.
    pub(crate) const fn signatures(self) -> &'static [(&'static str, SignatureForm)] {
        const GITEA: &[(&str, SignatureForm)] = &[
            ("x-gitea-signature", SignatureForm::Hex),
            ("x-gogs-signature", SignatureForm::Hex),
            ("x-hub-signature-256", SignatureForm::Named),
        ];
        const FORGEJO: &[(&str, SignatureForm)] = &[
            ("x-forgejo-signature", SignatureForm::Hex),
            ("x-gitea-signature", SignatureForm::Hex),
            ("x-gogs-signature", SignatureForm::Hex),
            ("x-hub-signature-256", SignatureForm::Named),
        ];
        match self {
            Self::Gitea => GITEA,
            Self::Forgejo => FORGEJO,
        }
    }

    /// The ref of the base repository that always names the head of a pull request, also when its fork is gone.
    pub(crate) fn head_ref(self, number: u64) -> String {
        match self {
            Self::Gitea | Self::Forgejo => format!("refs/pull/{number}/head"),
        }
    }
}
