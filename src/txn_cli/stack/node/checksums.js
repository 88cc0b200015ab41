'use strict'

// The checksum that DynamoDB puts into the head of each answer, by zlib: dynalite's package makes it byte by byte in
// JavaScript, a twentieth of the CPU of a page of 1 MB.

const zlib = require('zlib')

function install(load) {
  load('buffer-crc32').unsigned = (text) => zlib.crc32(text)
}

module.exports = { install }
