--- @include "clock.lua"

-- Parses an entry's header line, `state version born fingerprint end`; nil where there is no entry, or no readable one.
local function parseEntry(text)
  if not text then return nil end
  local state, version, incarnation, born, fingerprint, endMs =
    string.match(text, '^([fx]) (%d+[-0-9a-f]*) ([0-9a-f]+):(%d+) ([0-9a-f]+) (%d+)\n')
  if not state or #version > 49 or #incarnation ~= 16 or #born > 16 or #fingerprint ~= 32 or #endMs > 16 then return nil end
  if not string.match(version, '^%d+$') and not string.match(version, '^%d+%-[0-9a-f]+$') then return nil end
  return { isExpired = state == 'x', version = version, fingerprint = fingerprint, endMs = tonumber(endMs) }
end

-- Writes a fresh entry for `ttlMs` from `nowMs`. Its end is in its header, too: a plain read of it needs no other command.
local function writeEntry(key, entry)
  local endMs = digits(entry.nowMs + tonumber(entry.ttlMs))
  local header = 'f ' .. entry.version .. ' ' .. entry.born .. ' ' .. entry.fingerprint .. ' ' .. endMs .. '\n'
  redis.call('SET', key, header .. entry.body, 'PX', entry.ttlMs)
end
