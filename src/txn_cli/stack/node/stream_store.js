'use strict'

// LevelDB under kinesalite, whose options kinesalite does not pass on. Records are read in their order, so that few of
// its files are in use at a time; each that is open is mapped into memory, and what was read of it counts as this
// process's.

const MAX_OPEN_FILES = 64 // of 2 MB

function install(load) {
  const { prototype } = load('leveldown')
  const open = prototype._open
  prototype._open = function (options, callback) {
    open.call(this, { ...options, maxOpenFiles: MAX_OPEN_FILES }, callback)
  }
}

module.exports = { install }
