#include "trusted/room/bindings.h"

#include <algorithm>

namespace gbx::room {

void Bindings::add(IssuedBinding issued) {
  if (issued_.size() == kIssuedMax) issued_.pop_front();
  issued_.push_back(std::move(issued));
}

const IssuedBinding* Bindings::find(const packet::BindingDigest& digest) const {
  const auto found = std::find_if(issued_.begin(), issued_.end(),
                                  [&](const auto& issued) { return issued.digest == digest; });
  return found == issued_.end() ? nullptr : &*found;
}

const IssuedBinding* Bindings::find_nonce(ByteView nonce) const {
  const auto found = std::find_if(issued_.begin(), issued_.end(), [&](const auto& issued) {
    return std::ranges::equal(issued.binding.nonce, nonce);
  });
  return found == issued_.end() ? nullptr : &*found;
}

}  // namespace gbx::room
