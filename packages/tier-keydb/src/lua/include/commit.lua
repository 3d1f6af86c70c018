--- @include "head.lua"

-- A new head begins a new history: what an earlier one left in log and leases dies with it. The indexes stay: entries
-- may have stayed too, and an index that shows too little would let a fill be silent that some node must hear of.
local function dropHistory(partition)
  redis.call('DEL', partition.log, partition.leases)
end

-- The partition's head; where it has none, makes one of this incarnation.
local function ensureHead(partition, newIncarnation)
  local incarnation, sequence = parseHead(redis.call('GET', partition.head))
  if incarnation then return incarnation, sequence end
  dropHistory(partition)
  sequence = nextSequence('0')
  redis.call('SET', partition.head, newIncarnation .. ':' .. sequence)
  return newIncarnation, sequence
end

-- Commits an event: takes the next sequence, and writes log record and head. `event.incarnation` is used only
-- where there is no head. Answers incarnation, sequence and previous.
local function commit(partition, event)
  local incarnation, previous = parseHead(redis.call('GET', partition.head))
  if not incarnation then
    dropHistory(partition)
    incarnation, previous = event.incarnation, '0'
  end
  local sequence = nextSequence(previous)
  addToLog(partition.log, event, sequence, previous)
  redis.call('SET', partition.head, incarnation .. ':' .. sequence)
  return incarnation, sequence, previous
end
