#pragma once

// The seams: everything nondeterministic that trusted code needs comes through one of these, so
// that a whole room runs under a seed in tests, with faults. Every function is noexcept; no
// implementation may throw.

#include <cstdint>
#include <span>

#include "trusted/base/bytes.h"
#include "trusted/base/result.h"

namespace gbx {

// Random bytes fit for keys and noise. Not thread-safe unless the implementation says so.
class Entropy {
 public:
  virtual ~Entropy() = default;
  // Fills `out` wholly, or fails with unavailable and leaves no usable byte.
  virtual Status fill(std::span<std::uint8_t> out) noexcept = 0;
};

// Wall time in seconds since 1970. In a room this is the host's word: good for expiry, never for
// privacy.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t now_seconds() noexcept = 0;
};

// An append-only record kept by the host. The host may lie: nothing is believed on reading it back
// without its hash chain.
class Store {
 public:
  virtual ~Store() = default;
  // Returns only when the host says that `entry` is on disk. Fails with unavailable: the entry may
  // or may not have been kept, so a charge counts as made and an answer as not given.
  virtual Status append(ByteView entry) noexcept = 0;
};

// The platform's proof of what runs. `binding` is 64 bytes (see docs/spec/evidence.md).
class Quoter {
 public:
  virtual ~Quoter() = default;
  // Evidence packet bytes whose report data is `binding`. Fails with unavailable.
  virtual Result<Bytes> quote(std::span<const std::uint8_t, 64> binding) noexcept = 0;
};

}  // namespace gbx
