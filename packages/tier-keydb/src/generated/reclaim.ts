// Made from src/lua/reclaim-1.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const reclaimScript: LuaScript<1> = {
  name: 'lockstep:reclaim 0.1.0',
  keyCount: 1,
  sha1: '38fcd6d68dd8cc4f2e8032638f13b5f7ba5247f5',
  lua: `-- lockstep:reclaim 0.1.0
local function clockMicros()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local function digits(number)
  return string.format('%.0f', number)
end
local function parseEntry(text)
  if not text then return nil end
  local state, version, incarnation, born, fingerprint, endMs =
    string.match(text, '^([fx]) (%d+[-0-9a-f]*) ([0-9a-f]+):(%d+) ([0-9a-f]+) (%d+)\\n')
  if not state or #version > 49 or #incarnation ~= 16 or #born > 16 or #fingerprint ~= 32 or #endMs > 16 then return nil end
  if not string.match(version, '^%d+$') and not string.match(version, '^%d+%-[0-9a-f]+$') then return nil end
  return { isExpired = state == 'x', version = version, fingerprint = fingerprint, endMs = tonumber(endMs) }
end
local function writeEntry(key, entry)
  local endMs = digits(entry.nowMs + tonumber(entry.ttlMs))
  local header = 'f ' .. entry.version .. ' ' .. entry.born .. ' ' .. entry.fingerprint .. ' ' .. endMs .. '\\n'
  redis.call('SET', key, header .. entry.body, 'PX', entry.ttlMs)
end
local found = parseEntry(redis.call('GETRANGE', KEYS[1], 0, ARGV[2]))
if not found or found.version ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1])
`,
};
