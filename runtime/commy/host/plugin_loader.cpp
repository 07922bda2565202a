#include <commy/host/plugin_loader.hpp>
#include <commy/platform/library.hpp>

#include <exception>

namespace commy::host {

result<plugin_table, plugin_error> load_plugin(const std::string& path,
                                               std::string_view id) {
  const auto library = platform::shared_library::load(path);
  if (!library) {
    const auto code = library.error() == platform::library_error::not_found
                          ? plugin_error::not_found
                          : plugin_error::not_loadable;
    return unexpected{code, library.error().message()};
  }
  const auto symbol = library->symbol("commy_plugin");
  if (!symbol) return unexpected{plugin_error::no_entry, path};
  const auto entry = reinterpret_cast<commy_plugin_entry>(*symbol);
  auto table = read_plugin_table(entry(), id);
  if (table) return table;
  // A message about one of several plugins has to say which file it was.
  return unexpected{
      table.error().code(),
      path + ": " + std::string{table.error().detail().text.view()}};
}

}  // namespace commy::host
