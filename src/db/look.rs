//! A look at a database that may be in use, or stopped, or a copy: it is neither migrated nor written, and nothing is
//! started for it.

use super::{
    Fail, Fault, Kind, OpenError,
    conn::{Address, Conn, Purpose},
    migrate,
};

/// A database that is only looked at, as of one moment for each look, however long that takes.
pub struct Look {
    kind: Kind,
    conn: Conn,
}

impl Look {
    /// Fails when there is none, when it is another program's, or when its shape is older or newer than this program's.
    pub fn at(url: &str) -> Result<Look, OpenError> {
        let address = Address::parse(url)?;
        if address.file().is_some_and(|file| !file.exists()) {
            return Err(OpenError::Missing);
        }
        let mut conn = address.connect_to_look().map_err(|error| migrate::unreachable(&address, &error))?;
        match migrate::shape(&mut conn)? {
            migrate::Shape::Ours => Ok(Look { kind: address.kind(), conn }),
            migrate::Shape::Older => Err(OpenError::Older),
            migrate::Shape::Empty => Err(OpenError::Missing),
        }
    }

    /// Which database it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Looks, as [`Db::read`](super::Db::read) does.
    pub fn read<T, E: From<Fault>>(
        &mut self,
        act: impl FnOnce(&mut Conn) -> Result<T, Fail<E>>,
    ) -> Result<T, E> {
        self.conn.begin(Purpose::Read).map_err(|error| Fault::of(&error, false))?;
        let outcome = act(&mut self.conn);
        let alive = self.conn.rollback().is_ok();
        outcome.map_err(|fail| match fail {
            Fail::Refused(refused) => refused,
            Fail::Database(error) => Fault::of(&error, alive).into(),
        })
    }
}
