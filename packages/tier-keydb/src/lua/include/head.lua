--- @include "clock.lua"

-- Parses a head, `incarnation:sequence`; nil where there is none. What does not parse counts as none: the next
-- script that needs a head makes one, and every node starts over from that. A sequence stays text, which keeps every
-- digit, and is what commands and replies take.
local function parseHead(text)
  if not text then return nil end
  local incarnation, sequence = string.match(text, '^([0-9a-f]+):(%d+)$')
  if not incarnation or #incarnation ~= 16 or #sequence > 16 then return nil end
  if tonumber(sequence) >= 9007199254740991 then return nil end
  return incarnation, sequence
end

-- The next sequence after `previous` ('0': none): the tier's time, or one more where that would not rise.
local function nextSequence(previous)
  return digits(math.max(tonumber(previous) + 1, clockMicros()))
end

local function addToLog(log, event, sequence, previous)
  redis.call('XADD', log, 'MAXLEN', '~', event.logMax, sequence .. '-0', 'p', previous, 'e', event.body)
end
