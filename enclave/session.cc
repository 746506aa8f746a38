#include "enclave/session.h"

namespace gbx::enclave {

// Signed by the room, once there is one.
Frame Session::refuse(const Frame& request, const Error& error) const {
  if (room_ == nullptr) return {Call::refusal, encode_refusal(error, kUnsigned)};
  const packet::RefusedCall refused{static_cast<std::uint8_t>(request.call), request.payload};
  return {Call::refusal,
          encode_refusal(error, room_->sign_refusal(refused, encode_refusal_body(error)))};
}

Frame Session::handle(ReceivedFrame received) {
  const Result<std::string> outcome = dispatch(received);
  if (!outcome) return refuse(received.frame, outcome.error());
  if (outcome->size() > payload_bytes_max(Call::answer)) {
    // Only the answer to a query can be; it has been charged, and then there is one refusal.
    return refuse(received.frame, {ErrorCode::unavailable, "query_failed"});
  }
  return {Call::answer, to_bytes(*outcome)};
}

Result<std::string> Session::boot(std::string_view text) {
  if (room_ != nullptr) return Error{ErrorCode::invalid_argument, "already_booted"};
  GBX_TRY_ASSIGN(const packet::Envelope envelope, packet::parse_envelope(text));
  GBX_TRY_ASSIGN(auto policy, policy::VerifiedPolicy::verify(envelope));
  GBX_TRY_ASSIGN(room_, maker_->make(std::move(policy)));
  return room_->status();
}

Result<std::string> Session::dispatch(ReceivedFrame& received) {
  const Bytes& payload = received.frame.payload;
  const Call call = received.frame.call;
  if (call == Call::boot) return boot(as_text(payload));
  if (room_ == nullptr) return Error{ErrorCode::unavailable, "not_booted"};
  switch (call) {
    case Call::hello: return room_->hello(payload);
    case Call::attach: {
      auto source = maker_->source(std::move(received.descriptor));
      if (source == nullptr) return Error{ErrorCode::invalid_argument, "snapshot_no_file"};
      return room_->attach(as_text(payload), std::move(source));
    }
    case Call::release: return room_->release(as_text(payload));
    case Call::query: {
      GBX_TRY_ASSIGN(const room::Response response, room_->query(as_text(payload)));
      return response.packet();
    }
    case Call::status: return room_->status();
    case Call::close: {
      auto statement = room_->close(as_text(payload));
      over_ = statement.has_value();
      return statement;
    }
    case Call::boot:
    case Call::append:
    case Call::appended:
    case Call::sealed:
    case Call::answer:
    case Call::refusal: break;
  }
  return Error{ErrorCode::invalid_argument, "frame_unexpected"};
}

}  // namespace gbx::enclave
