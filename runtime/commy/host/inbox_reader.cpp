#include <commy/host/inbox_reader.hpp>

#include <utility>

namespace commy::host {

inbox_reader::inbox_reader(actor_system& actors, message::inbox box,
                           handler handle)
    : actors_{actors},
      source_{std::make_unique<inbox_source>(std::move(box), handle)} {
  if (actors_.attach(*source_)) return;
  thread_ = std::make_unique<message::inbox_thread>(std::move(source_->box()),
                                                    std::move(handle));
  source_.reset();
}

inbox_reader::~inbox_reader() {
  if (source_ != nullptr) actors_.detach(*source_);
}

}  // namespace commy::host
