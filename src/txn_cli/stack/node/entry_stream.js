'use strict'

// A stream of what an iterator of abstract-level gives, which closes the iterator however the stream ends.
//
// An open iterator keeps every file of LevelDB that was there when the iterator began. dynalite closes none.

const { Readable } = require('stream')

const READ_AT_ONCE = 100 // entries; LevelDB gives fewer when they are long (highWaterMarkBytes)

class EntryStream extends Readable {
  #iterator
  #show
  #close

  // show turns an entry of the iterator into what the stream gives; close is called once, and may return a promise.
  constructor(iterator, show, close) {
    super({ objectMode: true, highWaterMark: READ_AT_ONCE })
    this.#iterator = iterator
    this.#show = show
    this.#close = close
  }

  _read() {
    this.#iterator
      .nextv(READ_AT_ONCE)
      .then((entries) => {
        if (this.destroyed) return
        if (entries.length === 0) this.push(null)
        else for (const entry of entries) this.push(this.#show(entry))
      })
      .catch((error) => this.destroy(error))
  }

  _destroy(error, callback) {
    Promise.resolve(this.#close()).then(
      () => callback(error),
      (failure) => callback(error ?? failure),
    )
  }
}

module.exports = { EntryStream }
