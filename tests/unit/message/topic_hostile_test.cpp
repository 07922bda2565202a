#include "topics.hpp"
