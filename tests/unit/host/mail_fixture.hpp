// mail_fixture.hpp: a host and another attachment, and what they exchange.
#pragma once

#include "collector.hpp"
#include "scratch_folder.hpp"
#include <commy/host/segment_mail.hpp>
#include <commy/memory/segment.hpp>

#include <boost/describe.hpp>

#include <cstdint>

/// Four megabytes, and what they should end with.
struct shown_frame {
  commy::loan<std::int64_t> frame;
  std::int64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(shown_frame, (), (frame, number))

struct stray {
  std::int64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(stray, (), (number))

/// A host and, in the same process, another attachment that sends.
struct mail_fixture {
  scratch_folder scratch;
  commy::segment_options where{.capacity = 64ULL << 20U,
                               .folder = scratch.path()};
  commy::segment ours = commy::segment::create("demo/mail", where).value();
  commy::segment theirs = commy::segment::open("demo/mail", where).value();
  number_queue numbers;
  commy::actor_system actors;
  commy::host::segment_mail mail{actors};

  mail_fixture() { actors.spawn<collector>("collector", numbers); }
  ~mail_fixture() { mail.close(); }
};
