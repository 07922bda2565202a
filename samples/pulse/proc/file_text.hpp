// samples/pulse/proc/file_text.hpp: files that the kernel writes as one reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pulse::proc {

/// Puts the whole file into `text`: such files have no size of their own. At
/// most 1 MiB, which the texts of a machine of 4,096 CPUs do not reach. Returns
/// zero, or the system's error number, and then `text` is empty.
int read_file(const std::string& path, std::string& text);

/// Names of the entries of a folder that are numbers, in ascending order.
std::vector<std::uint32_t> list_numbers(const std::string& folder);

/// How many clock ticks a second has.
double ticks_per_second() noexcept;

}  // namespace pulse::proc
