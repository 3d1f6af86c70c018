// Made from src/lua/append-record-1.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const appendRecordScript: LuaScript<1> = {
  name: 'lockstep:append-record 0.1.0',
  keyCount: 1,
  sha1: 'f4b9505ff4fc967b87059ad7439c352d4f9d87f1',
  lua: `-- lockstep:append-record 0.1.0
redis.call('HDEL', KEYS[1], 'nothing')
local newest = redis.call('HGET', KEYS[1], 'newest') or '0'
local number = tonumber(ARGV[1])
if tonumber(newest) ~= number - 1 then return { '0', newest } end
redis.call('HSET', KEYS[1], 'newest', ARGV[1], ARGV[1], ARGV[2])
redis.call('HDEL', KEYS[1], string.format('%.0f', number - tonumber(ARGV[3])))
return { '1', ARGV[1] }
`,
};
