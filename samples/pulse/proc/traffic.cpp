#include "pulse/proc/traffic.hpp"

#include <gsl/gsl>

#include <algorithm>

namespace pulse::proc {
namespace {

double rate(std::uint64_t before, std::uint64_t after, double seconds) {
  return after > before ? static_cast<double>(after - before) / seconds : 0;
}

}  // namespace

traffic_rates rates_between(const traffic& before, const traffic& after,
                            double seconds) {
  Expects(seconds > 0);
  traffic_rates rates;
  for (const auto& device : after) {
    const auto same =
        std::ranges::find(before, device.name, &device_bytes::name);
    if (same == before.end()) continue;
    const auto in = rate(same->in, device.in, seconds);
    const auto out = rate(same->out, device.out, seconds);
    rates.each.push_back({device.name, in, out});
    rates.in += in;
    rates.out += out;
  }
  return rates;
}

}  // namespace pulse::proc
