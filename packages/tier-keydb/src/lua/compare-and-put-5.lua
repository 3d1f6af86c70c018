-- Stores a value as `put` does, if the entry there is of the version asked for; '' asks for none to be there.
-- KEYS: head, log, leases, index, entry
-- ARGV: incarnation for a new head, logMax, log body, keyId, ttlMs, born, fingerprint, entry body, version
-- Returns one of
--   'committed', incarnation, sequence, previous
--   'differs', version      of the entry that is there, '' where there is none; nothing is written
--- @include "include/commit.lua"
--- @include "include/current.lua"
--- @include "include/index.lua"

local partition = { head = KEYS[1], log = KEYS[2], leases = KEYS[3], index = KEYS[4] }
local event = { incarnation = ARGV[1], logMax = ARGV[2], body = ARGV[3] }
local keyId, ttlMs = ARGV[4], ARGV[5]
local nowMs = math.floor(clockMicros() / 1000)

local current = currentVersion(KEYS[5])
if current ~= ARGV[9] then return { 'differs', current } end

local incarnation, sequence, previous = commit(partition, event)
writeEntry(KEYS[5], {
  version = sequence, born = ARGV[6], fingerprint = ARGV[7], body = ARGV[8], ttlMs = ttlMs, nowMs = nowMs,
})
noteExpiry(partition.index, { keyId = keyId, expiryMs = nowMs + tonumber(ttlMs), nowMs = nowMs, isRaised = false })
redis.call('HDEL', partition.leases, keyId)
return { 'committed', incarnation, sequence, previous }
