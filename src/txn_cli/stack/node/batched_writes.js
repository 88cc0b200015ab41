'use strict'

// Writes to one LevelDB, all that come in one turn of the event loop as one batch.
//
// A batch is written whole or not at all, and costs one call into LevelDB instead of one for each write. One batch is
// under way at a time; what comes meanwhile is the next. The number of writes that wait is bounded by the number of
// requests that are being answered.

class BatchedWrites {
  #db
  #operations = []
  #callbacks = []
  #busy = false

  constructor(db) {
    this.#db = db
  }

  // Add operations of abstract-level's batch(). The callback, if any, is called once they are written.
  add(operations, callback) {
    this.#operations.push(...operations)
    if (callback) this.#callbacks.push(callback)
    if (this.#busy) return
    this.#busy = true
    setImmediate(() => this.#write())
  }

  async #write() {
    while (this.#operations.length || this.#callbacks.length) {
      const [operations, callbacks] = [this.#operations, this.#callbacks]
      this.#operations = []
      this.#callbacks = []
      const error = await this.#db.batch(operations).then(
        () => null,
        (failure) => failure,
      )
      for (const callback of callbacks) setImmediate(callback, error)
    }
    this.#busy = false
  }
}

module.exports = { BatchedWrites }
