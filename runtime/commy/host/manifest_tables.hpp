// commy/host/manifest_tables.hpp: the keys every manifest may have.
#pragma once

#include <commy/host/options.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace commy::host {

inline constexpr std::size_t manifest_bytes_max = std::size_t{1} << 20U;
// A thread watches each process, and a tenant has 1,023 participants; modules
// and plugins are written by people, one by one.
inline constexpr std::size_t modules_max = 64;
inline constexpr std::size_t plugins_max = 64;
inline constexpr std::size_t processes_max = 64;

/// What is read elsewhere: `modules`, `plugins`, `processes`; `options`.
inline constexpr std::array<std::string_view, 3> manifest_sections{
    "modules", "plugins", "processes"};
inline constexpr std::array<std::string_view, 1> plugin_sections{"options"};

inline constexpr std::array manifest_options{
    option{.name = "$schema",
           .summary = "Where editors find the schema (`commy schema`)"},
    option{.name = "name",
           .summary = "What this host is called in logs and events",
           .minimum = "1",
           .maximum = "64",
           .required = true},
    option{.name = "tenant",
           .summary = "The trust domain whose segments this host serves",
           .standard = "default",
           .minimum = "1",
           .maximum = "64"}};

inline constexpr std::array plugin_options{
    option{.name = "id",
           .summary = "The id the library must give for itself",
           .minimum = "1",
           .maximum = "64",
           .required = true},
    option{.name = "path",
           .summary = "The library: relative to this file, or a bare name",
           .minimum = "1",
           .required = true},
    option{.name = "actors",
           .kind = option_kind::table,
           .summary = "Names of actors, and the plugin's type for each"}};

inline constexpr std::array process_options{
    option{.name = "program",
           .summary = "The program: relative to this file, or a bare name",
           .minimum = "1",
           .required = true},
    option{.name = "arguments",
           .kind = option_kind::texts,
           .summary = "Its arguments, without its own name"},
    option{.name = "environment",
           .kind = option_kind::table,
           .summary = "Variables set for it, over those of the host",
           .secret = true},
    option{.name = "restart",
           .summary = "When it is started again after it ended",
           .standard = "on_failure",
           .choices = "always|on_failure|never"},
    option{.name = "max_restarts",
           .kind = option_kind::integer,
           .summary = "More restarts than this within `within`: give up",
           .standard = "5",
           .minimum = "0",
           .maximum = "1000"},
    option{.name = "within",
           .kind = option_kind::duration,
           .summary = "The time over which `max_restarts` counts",
           .standard = "10s",
           .minimum = "1s",
           .maximum = "1d"},
    option{.name = "stop_within",
           .kind = option_kind::duration,
           .summary = "How long it may take to end before it is killed",
           .standard = "5s",
           .minimum = "10ms",
           .maximum = "5min"}};

}  // namespace commy::host
