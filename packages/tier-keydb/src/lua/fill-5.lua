-- Stores a value that was loaded under a fill lease.
-- KEYS: head, log, leases, index, entry
-- ARGV: incarnation for a new head, logMax, log body, keyId, ttlMs, born, fingerprint, entry body, token,
--       random part of a version
-- Returns one of
--   'rejected', head or nil                                    the lease is lost; nothing is stored
--   'loud', waiting, incarnation, sequence, previous           stored, with an event
--   'silent' | 'renewed', waiting, incarnation, sequence, version    stored without one; the head as it is
--- @include "include/commit.lua"
--- @include "include/entry.lua"
--- @include "include/index.lua"
--- @include "include/lease.lua"

local partition = { head = KEYS[1], log = KEYS[2], leases = KEYS[3], index = KEYS[4] }
local event = { incarnation = ARGV[1], logMax = ARGV[2], body = ARGV[3] }
local keyId, ttlMs = ARGV[4], ARGV[5]
local nowMs = math.floor(clockMicros() / 1000)
local written = { born = ARGV[6], fingerprint = ARGV[7], body = ARGV[8], ttlMs = ttlMs, nowMs = nowMs }

local lease = parseLease(redis.call('HGET', partition.leases, keyId))
if not lease or lease.token ~= ARGV[9] or lease.deadlineMs <= nowMs then
  return { 'rejected', redis.call('GET', partition.head) }
end

local text = redis.call('GET', KEYS[5])
local found = parseEntry(text)
-- Equal bytes and scopes need no event, also where the entry was expired: every near copy there can be holds the
-- value that this load has just confirmed, and the event of the expiry is on its way to those that do not know yet.
local isRenewed = found ~= nil and found.fingerprint == written.fingerprint
-- An entry that the tier evicted left its index member behind: some near-cache may still hold a copy.
local heldUntil = not text and redis.call('ZSCORE', partition.index, keyId)
local isHeld = text or (heldUntil and tonumber(heldUntil) > nowMs)

local reply
if isHeld and not isRenewed then
  local incarnation, sequence, previous = commit(partition, event)
  written.version = sequence
  reply = { 'loud', lease.waiting, incarnation, sequence, previous }
else
  local incarnation, sequence = ensureHead(partition, event.incarnation)
  written.version = sequence .. '-' .. ARGV[10]
  reply = { isRenewed and 'renewed' or 'silent', lease.waiting, incarnation, sequence, written.version }
end
writeEntry(KEYS[5], written)
-- A renewal may shorten the entry's life, but not that of the near copies made before it.
noteExpiry(partition.index, { keyId = keyId, expiryMs = nowMs + tonumber(ttlMs), nowMs = nowMs, isRaised = isRenewed })
redis.call('HDEL', partition.leases, keyId)
return reply
