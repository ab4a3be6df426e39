//! Makes an empty restic repository whose password needs no stretching.
//!
//! `restic init` chooses a key derivation that takes about half a second, and every later call pays it again. That guards
//! a password a person chose; ours is 256 random bits that live for one run, so the cheapest derivation loses nothing.
//! The files are those of restic's repository format, version 2: a key file, a configuration, and empty folders.

use aes::cipher::{Block, BlockCipherEncrypt, KeyInit, KeyIvInit, StreamCipher};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use poly1305::Poly1305;
use serde_json::json;
use sha2::{Digest, Sha256};

/// An irreducible polynomial of degree 53, which restic's chunker needs; the one its own tests use.
const CHUNKER: &str = "3da3358b4dc173";

/// Cost of the key derivation, as log2 of N; the least that is still a derivation.
const LOG_N: u8 = 4;

/// The files of a new repository, by path, and the password that opens it.
pub(crate) struct NewRepository {
    pub(crate) password: String,
    pub(crate) files: [(String, Vec<u8>); 2],
}

/// The three keys restic uses: AES-256-CTR for secrecy, Poly1305-AES for integrity.
struct Keys {
    encrypt: [u8; 32],
    mac_k: [u8; 16],
    mac_r: [u8; 16],
}

/// Why no repository can be made: the derivation refused its constants, which a test rules out.
#[derive(Debug, thiserror::Error)]
#[error("cannot derive the key of a backup repository: {0}")]
pub struct DeriveError(String);

/// Makes the files of an empty repository.
pub(crate) fn new_repository() -> Result<NewRepository, DeriveError> {
    let password = hex::encode(rand::random::<[u8; 32]>());
    let salt: [u8; 64] = rand::random();
    let refused = |text: String| DeriveError(text);
    let params = scrypt::Params::new(LOG_N, 8, 1).map_err(|error| refused(error.to_string()))?;
    let mut derived = [0; 64];
    scrypt::scrypt(password.as_bytes(), &salt, &params, &mut derived).map_err(|error| refused(error.to_string()))?;
    let user = Keys::of(&derived);
    let master = Keys::of(&rand::random());
    let master_json = json!({
        "mac": { "k": BASE64.encode(master.mac_k), "r": BASE64.encode(master.mac_r) },
        "encrypt": BASE64.encode(master.encrypt),
    });
    let key = json!({
        "created": "2000-01-01T00:00:00Z",
        "username": "root",
        "hostname": "cc-ci",
        "kdf": "scrypt",
        "N": 1 << LOG_N,
        "r": 8,
        "p": 1,
        "salt": BASE64.encode(salt),
        "data": BASE64.encode(user.seal(master_json.to_string().as_bytes())),
    });
    let config = json!({ "version": 2, "id": hex::encode(rand::random::<[u8; 32]>()), "chunker_polynomial": CHUNKER });
    let key = key.to_string().into_bytes();
    let name = hex::encode(Sha256::digest(&key));
    Ok(NewRepository {
        password,
        files: [(format!("keys/{name}"), key), ("config".to_owned(), master.seal(config.to_string().as_bytes()))],
    })
}

impl Keys {
    fn of(bytes: &[u8; 64]) -> Self {
        let mut keys = Self { encrypt: [0; 32], mac_k: [0; 16], mac_r: [0; 16] };
        keys.encrypt.copy_from_slice(&bytes[..32]);
        keys.mac_k.copy_from_slice(&bytes[32..48]);
        keys.mac_r.copy_from_slice(&bytes[48..]);
        // Poly1305 ignores these bits of r; restic stores them cleared.
        for at in [3, 7, 11, 15] {
            keys.mac_r[at] &= 15;
        }
        for at in [4, 8, 12] {
            keys.mac_r[at] &= 252;
        }
        keys
    }

    /// Nonce, ciphertext, authentication tag.
    fn seal(&self, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; 16] = rand::random();
        let mut sealed = plain.to_vec();
        ctr::Ctr128BE::<aes::Aes256>::new(&self.encrypt.into(), &nonce.into()).apply_keystream(&mut sealed);
        let mut pad: Block<aes::Aes128> = nonce.into();
        aes::Aes128::new(&self.mac_k.into()).encrypt_block(&mut pad);
        let mut one_time = [0; 32];
        one_time[..16].copy_from_slice(&self.mac_r);
        one_time[16..].copy_from_slice(&pad);
        let tag = Poly1305::new(&one_time.into()).compute_unpadded(&sealed);
        [&nonce[..], &sealed, &tag].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_a_key_named_by_its_digest_and_a_sealed_configuration() {
        let new = new_repository().unwrap();
        assert_eq!(new.password.len(), 64);
        let [(key_path, key), (config_path, config)] = &new.files;
        assert_eq!(*key_path, format!("keys/{}", hex::encode(Sha256::digest(key))));
        assert_eq!(config_path, "config");
        assert!(!config.windows(4).any(|window| window == b"poly"), "the configuration is not sealed");
        assert_ne!(new_repository().unwrap().password, new.password);
    }
}
