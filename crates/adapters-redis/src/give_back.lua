-- Takes back one call that count.lua admitted, if it is not paid off yet.
--
-- KEYS[1]  holds when the calls so far are paid off, in microseconds by the server's clock
-- ARGV[1]  the share of the period that one call takes, in microseconds
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local debt = tonumber(redis.call('GET', KEYS[1]) or now) - now
local refunded = debt - tonumber(ARGV[1])
if refunded > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f', now + refunded), 'PX', math.ceil(refunded / 1000))
else
  redis.call('DEL', KEYS[1])
end
