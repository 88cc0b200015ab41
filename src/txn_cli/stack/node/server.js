'use strict'

// One local server: node server.js kinesis|dynamodb MODULES_DIR DATA_DIR PORT
//
// The command lines of kinesalite and dynalite bind every address, keep idle connections for less time than
// AWS clients do, end on a client that goes away in the middle of a request, and trace a busy port as a stack.
// This launcher is both servers without those.

const http = require('http')
const { createRequire } = require('module')
const path = require('path')
const boundedReads = require('./bounded_reads')
const checksums = require('./checksums')
const parsedConditions = require('./parsed_conditions')
const retention = require('./retention')
const shardIterators = require('./shard_iterators')
const streamStore = require('./stream_store')
const tableStore = require('./table_store')

const HOST = '127.0.0.1'
const KEEP_ALIVE_MS = 75_000 // longer than an AWS client keeps an idle connection
const STOP_MS_MAX = 1_000 // answers still under way at SIGTERM get this long
const STATE_MS = 5 // how long a stream or table stays CREATING, UPDATING, DELETING

const [kind, modules, data, portText] = process.argv.slice(2)
const load = createRequire(path.join(modules, 'package.json'))
const make = {
  kinesis: () =>
    load('kinesalite')({
      path: data,
      createStreamMs: STATE_MS,
      deleteStreamMs: STATE_MS,
      updateStreamMs: STATE_MS,
      shardLimit: 200,
    }),
  dynamodb: () =>
    load('dynalite')({ path: data, createTableMs: STATE_MS, deleteTableMs: STATE_MS, updateTableMs: STATE_MS }),
}

// What is ours in each server. Each returns what is to be done before the server listens.
const install = {
  kinesis: () => {
    streamStore.install(load)
    shardIterators.install(load)
    boundedReads.install(load)
    const startSweeps = retention.install(load)
    return async () => startSweeps()
  },
  dynamodb: () => {
    checksums.install(load)
    parsedConditions.install(load)
    const store = tableStore.install(load)
    return () => store().db.open() // reads are synchronous: the database must be open before the first
  },
}

function fail(message) {
  console.error(`${kind}: ${message}`)
  process.exit(1)
}

process.on('uncaughtException', (error) => {
  if (error.code === 'ECONNRESET') return // a client went away; both servers rethrow that
  console.error(error.stack)
  fail(error.message)
})

if (!(kind in make)) fail('not a server; one of kinesis, dynamodb')
const prepare = install[kind]()
const server = make[kind]()
server.keepAliveTimeout = KEEP_ALIVE_MS

server.on('error', (error) => {
  fail(error.code === 'EADDRINUSE' ? `port ${portText} on ${HOST} is taken` : error.message)
})
prepare().then(
  () =>
    server.listen(Number(portText), HOST, () => {
      console.log(`${kind}: listening on http://${HOST}:${server.address().port}`)
    }),
  (error) => fail(error.cause?.message ?? error.message),
)

process.on('SIGTERM', () => {
  // Not server.close(), which both servers override to close their database under requests still being answered.
  http.Server.prototype.close.call(server, () => process.exit(0))
  server.closeIdleConnections()
  setTimeout(() => process.exit(0), STOP_MS_MAX)
})
