#include "src/server/api/range_stream.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "src/server/api/headers.h"
#include "src/server/api/validate.h"

namespace stele::server {
namespace {

namespace pb = etcdserverpb;
using CallPtr = std::shared_ptr<Call>;

constexpr std::int64_t kFirstPieceKeys = 10;  // so that a client has something to do soon
constexpr std::int64_t kPieceKeysMax = std::int64_t{1} << 20;

absl::Status ValidateStream(const pb::RangeRequest& request) {
  if (absl::Status invalid = ValidateRange(request); !invalid.ok()) return invalid;
  if (request.sort_target() != pb::RangeRequest::KEY ||
      request.sort_order() == pb::RangeRequest::DESCEND) {
    return absl::UnimplementedError("RangeStream does not support custom sort orders");
  }
  if (request.min_mod_revision() != 0 || request.max_mod_revision() != 0 ||
      request.min_create_revision() != 0 || request.max_create_revision() != 0) {
    return absl::UnimplementedError("RangeStream does not support revision filters");
  }
  return absl::OkStatus();
}

// One call: a piece at a time, each in a turn of its own.
class RangeStream : public std::enable_shared_from_this<RangeStream> {
 public:
  RangeStream(const RangeStreamLimits& limits, ClientPorts ports, CallPtr call,
              std::unique_ptr<pb::RangeRequest> request, Reader::View view)
      : limits_(limits),
        ports_(std::move(ports)),
        call_(std::move(call)),
        request_(std::move(request)),
        view_(std::move(view)),
        keys_left_(request_->limit() > 0 ? request_->limit()
                                         : std::numeric_limits<std::int64_t>::max()) {}

  void Go() {
    // The next piece is read when most of the last ones have left.
    if (call_->queued_bytes() > limits_.piece_bytes) {
      return call_->NotifyDrained(limits_.piece_bytes, [self = shared_from_this()] { self->Go(); });
    }
    ports_.in_turn([self = shared_from_this()] { self->SendPiece(); });
  }

 private:
  void SendPiece() {
    if (call_->ended()) return;
    pb::RangeStreamResponse message;
    pb::RangeResponse* piece = message.mutable_range_response();
    absl::Status status = request_->count_only() ? Count(piece) : ReadPiece(piece);
    if (!status.ok()) return call_->Finish(status);
    if (!is_last_) {
      call_->Write(message.SerializeAsString());
      return Go();
    }
    FillHeader(*ports_.facts, view_->current_revision(), piece->mutable_header());
    call_->Reply(message.SerializeAsString());
  }

  absl::Status Count(pb::RangeResponse* piece) {
    is_last_ = true;
    return view_->Range(*request_, piece);
  }

  absl::Status ReadPiece(pb::RangeResponse* piece) {
    const std::int64_t keys_max = std::min(piece_keys_, keys_left_);
    piece_keys_ = std::min(2 * piece_keys_, kPieceKeysMax);
    bool more = false;
    absl::Status read = view_->RangePage(*request_, keys_max, limits_.piece_bytes, piece, &more);
    if (!read.ok()) return read;
    keys_left_ -= piece->kvs_size();
    keys_sent_ += piece->kvs_size();
    is_last_ = !more || keys_left_ == 0;
    if (more) request_->set_key(piece->kvs(piece->kvs_size() - 1).key() + '\0');
    if (is_last_) return CountAll(more, piece);
    return absl::OkStatus();
  }

  // Also counts the keys that the limit cut off.
  absl::Status CountAll(bool more, pb::RangeResponse* piece) {
    piece->set_more(more);
    piece->set_count(keys_sent_);
    if (!more) return absl::OkStatus();
    pb::RangeResponse rest;
    request_->set_count_only(true);
    absl::Status counted = view_->Range(*request_, &rest);
    piece->set_count(keys_sent_ + rest.count());
    return counted;
  }

  const RangeStreamLimits limits_;
  const ClientPorts ports_;
  const CallPtr call_;
  const std::unique_ptr<pb::RangeRequest> request_;  // its key moves on
  const Reader::View view_;
  std::int64_t keys_left_;
  std::int64_t keys_sent_ = 0;
  std::int64_t piece_keys_ = kFirstPieceKeys;
  bool is_last_ = false;
};

}  // namespace

void AddRangeStreamMethod(const RangeStreamLimits& limits, const ClientPorts& ports,
                          MethodRows* rows) {
  rows->AddServerStream<pb::RangeRequest>(
      "/etcdserverpb.KV/RangeStream", ports.facts,
      [limits, ports](const CallPtr& call, std::unique_ptr<pb::RangeRequest> request) {
        if (absl::Status invalid = ValidateStream(*request); !invalid.ok()) {
          return call->Finish(invalid);
        }
        const bool serializable = request->serializable();
        auto begin = [limits, ports, call,
                      request = std::move(request)](absl::StatusOr<Reader::View> view) mutable {
          if (!view.ok()) return call->Finish(view.status());
          std::make_shared<RangeStream>(limits, ports, call, std::move(request), *std::move(view))
              ->Go();
        };
        if (serializable) return begin(ports.reader->Serializable());
        ports.reader->Linearizable(std::move(begin));
      });
}

}  // namespace stele::server
