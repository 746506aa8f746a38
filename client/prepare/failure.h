#pragma once

// Why a preparation stopped, in words for the person who runs it. Says file, line, column and what
// to do; never a value of a row. Thrown on the owner's side only, where main() prints it.

#include <stdexcept>
#include <string>

namespace gbx::prepare {

class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The caller's flag was raised (Ctrl-C): nothing is left behind.
class Interrupted : public Failure {
 public:
  Interrupted() : Failure("interrupted: nothing was written") {}
};

}  // namespace gbx::prepare
