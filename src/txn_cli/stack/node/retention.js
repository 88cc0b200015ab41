'use strict'

// Records that are past their stream's retention are deleted. kinesalite deletes those alone that somebody comes upon
// while reading, and a worker that reads on never comes back: the disk would keep every record ever written.
//
// No read gives such a record, deleted or not.

const { promisify } = require('util')

const SWEEP_MS = 10 * 60 * 1000
const DELETED_AT_ONCE = 1_000
const HOUR_MS = 3_600_000

// Returns a function that starts the sweeps, once the server has made its store.
function install(load) {
  const db = load('kinesalite/db')
  const create = db.create
  let store
  db.create = (options) => (store = create(options))
  return () => {
    const sweep = () =>
      sweepStreams(db, store).catch((error) => {
        console.error(error.stack)
        process.exit(1)
      })
    sweep()
    setInterval(sweep, SWEEP_MS).unref()
  }
}

async function sweepStreams(db, store) {
  const streams = []
  // To the end, before anything is deleted: LevelDB keeps what an open iterator may still see.
  for await (const stream of store.metaDb.createReadStream()) streams.push(stream)
  for (const { key: name, value: stream } of streams) {
    const oldest = Date.now() - stream.RetentionPeriodHours * HOUR_MS
    for (const shard of stream.Shards.keys()) {
      const span = { gte: db.shardIxToHex(shard), lt: db.shardIxToHex(shard + 1) }
      if (await sweepShard(db, store.getStreamDb(name), span, oldest)) await giveDiskBack(store.db, name, span)
    }
  }
}

// Delete the old records of a shard, and say whether there were any. Records lie in the order of their arrival, so
// that the first young one ends the search.
async function sweepShard(db, streamDb, span, oldest) {
  for (let some = false; ; some = true) {
    const old = []
    for await (const key of streamDb.createKeyStream({ ...span, limit: DELETED_AT_ONCE })) {
      if (db.parseSequence(key.split('/')[1]).seqTime >= oldest) break
      old.push({ type: 'del', key })
    }
    if (old.length) await streamDb.batch(old)
    if (old.length < DELETED_AT_ONCE) return some || old.length > 0
  }
}

// LevelDB keeps deleted records until it compacts their files, which without new ones it never does. The keys are as
// subleveldown makes them.
async function giveDiskBack(level, name, { gte, lt }) {
  const prefix = `!stream-${name}!`
  await promisify(level.compactRange).call(level, prefix + gte, prefix + lt)
}

module.exports = { install }
