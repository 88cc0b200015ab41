'use strict'

// Loaded before a server (node --require): counts the iterators that its LevelDB has open, and the entries that were
// read by their keys, and says how many at SIGUSR2.

const { createRequire } = require('module')
const path = require('path')

const [kind, modules] = process.argv.slice(2)
const load = createRequire(path.join(modules, 'package.json'))
const [database, ending] = kind === 'kinesis' ? [load('leveldown'), '_end'] : [load('level').Level, '_close']

let open = 0
let gets = 0
const iterators = ['_iterator', '_keys', '_values'].filter((name) => name in database.prototype)
for (const name of iterators) {
  const make = database.prototype[name]
  database.prototype[name] = function (...options) {
    const iterator = make.apply(this, options)
    const end = iterator[ending]
    open += 1
    iterator[ending] = function (...rest) {
      open -= 1
      return end.apply(this, rest)
    }
    return iterator
  }
}

const get = database.prototype._getSync
database.prototype._getSync = function (...options) {
  gets += 1
  return get.apply(this, options)
}

process.on('SIGUSR2', () => console.log(`open iterators: ${open}, gets: ${gets}`))
