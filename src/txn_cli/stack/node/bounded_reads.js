'use strict'

// Reads of at most 10 MB, as AWS documents GetRecords. kinesalite gives as many records as were asked for, 10,000 if
// nothing was said, and holds them as objects and as text at once: a long backlog is gigabytes.

const { Readable } = require('stream')

const READ_BYTES_MAX = 10_000_000

function install(load) {
  const file = load.resolve('kinesalite/actions/getRecords')
  const getRecords = load(file)
  require.cache[file].exports = (store, data, answer) => {
    const bounded = Object.create(store, { getStreamDb: { value: (name) => boundedDb(store.getStreamDb(name)) } })
    getRecords(bounded, data, answer)
  }
}

function boundedDb(streamDb) {
  return {
    createReadStream: (options) => Readable.from(firstOf(streamDb.createReadStream(options))),
    batch: (...operations) => streamDb.batch(...operations),
  }
}

// The records up to the bound, the first in any case. The stream of the database is closed when no more are taken.
async function* firstOf(records) {
  let bytes = 0
  for await (const record of records) {
    const size = Buffer.byteLength(record.value.Data, 'base64')
    if (bytes > 0 && bytes + size > READ_BYTES_MAX) return
    bytes += size
    yield record
  }
}

module.exports = { install }
