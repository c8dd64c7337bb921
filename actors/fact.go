package actors

// Sometimes is a fact for [Env.Note]: the state it names has been reached. A
// scenario lists the names it expects; a campaign in which one never happens has
// tested less than it claims.
type Sometimes string

// Point is a fact for [Env.Note] that names a place in the code, such as
// "wal.before-sync". A plan can have a host crash exactly there: "at
// wal.before-sync#3 of daemon2".
type Point string
