'use strict'

// The part of a database that lies under one prefix, with the methods that dynalite's actions call.
//
// Values are JSON. Reads are synchronous: what LevelDB has in memory or in the page cache is there in microseconds,
// and the way through a thread costs more than that.

const { EntryStream } = require('./entry_stream')

const ITERATOR_BYTES = 256 * 1024 // what LevelDB reads ahead of one stream
const BEHIND = '\xff' // behind every key: keys are ASCII

class Section {
  constructor(db, writes, prefix, lock) {
    this.db = db
    this.writes = writes
    this.prefix = prefix
    this.lock = lock
  }

  // The value of a key, a new object each time, or undefined.
  read(key, options) {
    const text = this.db.getSync(this.prefix + key, options)
    return text === undefined ? undefined : JSON.parse(text)
  }

  get(key, callback) {
    let value
    try {
      value = this.read(key)
    } catch (error) {
      return callback(error)
    }
    callback(null, value)
  }

  put(key, value, callback) {
    this.batch([{ type: 'put', key, value }], callback)
  }

  del(key, callback) {
    this.batch([{ type: 'del', key }], callback)
  }

  batch(operations, callback) {
    this.writes.add(operations.map((operation) => this.#whole(operation)), callback)
  }

  // Delete every entry. LevelDB gives the disk back when it compacts their files, which it is told to do without
  // anybody waiting for it.
  clear(callback) {
    this.writes.add([], (error) => {
      if (error) return callback(error)
      this.db.clear(this.range()).then(
        () => {
          setImmediate(callback, null)
          this.db.compactRange(this.prefix, this.prefix + BEHIND)
        },
        (failure) => setImmediate(callback, failure),
      )
    })
  }

  createKeyStream(options) {
    const iterator = this.db.keys(this.range(options))
    return new EntryStream(iterator, (key) => key.slice(this.prefix.length), () => iterator.close())
  }

  createValueStream(options) {
    const iterator = this.db.values(this.range(options))
    return new EntryStream(iterator, (text) => JSON.parse(text), () => iterator.close())
  }

  createReadStream(options) {
    return this.createValueStream(options)
  }

  // The options of an iterator over this part alone.
  range({ gt, gte, lt, lte, ...rest } = {}) {
    const low = gte || !gt ? { gte: this.prefix + (gte || '') } : { gt: this.prefix + gt }
    const high = lte ? { lte: this.prefix + lte } : { lt: this.prefix + (lt || BEHIND) }
    return { ...rest, ...low, ...high, highWaterMarkBytes: ITERATOR_BYTES }
  }

  #whole({ type, key, value }) {
    const whole = this.prefix + key
    return type === 'put' ? { type, key: whole, value: JSON.stringify(value) } : { type, key: whole }
  }
}

module.exports = { Section }
