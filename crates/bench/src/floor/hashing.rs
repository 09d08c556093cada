//! Argon2 on threads of its own, with memory that is kept.

use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context as _;
use argon2_rust::params::Memory;
use argon2_rust::{Algorithm, Argon2, Error, Hasher, Params, Version};
use tokio::sync::oneshot;

use super::random;

/// The threads end when this is dropped.
pub(super) struct HashingThreads(Sender<Job>);

type Job = Box<dyn FnOnce(&mut Hasher) + Send>;

impl HashingThreads {
    pub(super) fn start(threads: NonZeroUsize, memory_kib: u32, passes: u32) -> anyhow::Result<Self> {
        let params = Params::builder().memory(Memory::kib(memory_kib.into())).passes(passes).build()?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let (jobs, waiting) = mpsc::channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..threads.get() {
            let waiting = Arc::clone(&waiting);
            thread::spawn(move || work_off(&waiting, argon2.hasher()));
        }
        Ok(Self(jobs))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Hasher) -> Result<T, Error> + Send + 'static,
    ) -> anyhow::Result<T> {
        let (answer, answered) = oneshot::channel();
        self.0
            .send(Box::new(move |hasher| drop(answer.send(work(hasher)))))
            .ok()
            .context("the threads run")?;
        Ok(answered.await??)
    }

    pub(super) async fn hash(&self, password: String) -> anyhow::Result<String> {
        let salt: [u8; 16] = random();
        self.run(move |hasher| hasher.hash_password(password.as_bytes(), &salt)).await
    }

    pub(super) async fn verify(&self, password: String, hash: String) -> anyhow::Result<bool> {
        let verify = move |hasher: &mut Hasher| match hasher.verify_password(
            &hash,
            password.as_bytes(),
            Algorithm::Argon2id,
        ) {
            Ok(()) => Ok(true),
            Err(Error::VerifyMismatch) => Ok(false),
            Err(error) => Err(error),
        };
        self.run(verify).await
    }
}

fn work_off(waiting: &Mutex<Receiver<Job>>, mut hasher: Hasher) {
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(job) = next() {
        job(&mut hasher);
    }
}
