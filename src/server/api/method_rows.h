// The method table: every method of every service we speak has a row. Rows that no one has filled
// answer Unimplemented with a text that says so; a test compares the rows with the descriptors.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "src/server/api/call.h"
#include "src/server/api/headers.h"
#include "src/server/api/parse_request.h"

namespace stele::server {

class MethodRows final : public MethodTable {
 public:
  const Method* Find(std::string_view path) const override;
  bool HasService(std::string_view service) const override;

  void Add(Method method);

  // A unary method with parsed messages. `handler(call, request)` owns both; it answers with
  // call->Reply or call->Finish.
  template <class Request, class Handler>
  void AddUnary(std::string path, const NodeFacts* facts, Handler handler) {
    AddRequest<Request>(std::move(path), MethodKind::kUnary, facts, std::move(handler));
  }

  // The same for a method that answers with a stream: call->Write, and Finish or Reply at its end.
  template <class Request, class Handler>
  void AddServerStream(std::string path, const NodeFacts* facts, Handler handler) {
    AddRequest<Request>(std::move(path), MethodKind::kServerStream, facts, std::move(handler));
  }

  // Gives every method of this service that has no row yet one that answers Unimplemented.
  void FillUnimplemented(const google::protobuf::ServiceDescriptor& service);

  // Paths answered with Unimplemented, sorted; docs/compatibility.md lists them.
  std::vector<std::string> UnimplementedPaths() const;

  // A client that asks for `hasleader` is refused while there is no leader.
  static absl::Status CheckLeaderWish(const Call& call, const NodeFacts& facts);
  // A learner serves serializable reads, its status and its health, and no streams.
  static absl::Status CheckLearner(const google::protobuf::Message& request,
                                   const NodeFacts& facts);

 private:
  template <class Request, class Handler>
  void AddRequest(std::string path, MethodKind kind, const NodeFacts* facts, Handler handler) {
    Method row;
    row.path = std::move(path);
    row.kind = kind;
    row.on_request = [facts, handler = std::move(handler)](std::shared_ptr<Call> call,
                                                           std::string_view bytes) {
      if (absl::Status refused = CheckLeaderWish(*call, *facts); !refused.ok()) {
        return call->Finish(refused);
      }
      auto request = std::make_unique<Request>();
      if (absl::Status fault = ParseRequest(bytes, request.get()); !fault.ok()) {
        return call->Finish(fault);
      }
      if (absl::Status refused = CheckLearner(*request, *facts); !refused.ok()) {
        return call->Finish(refused);
      }
      handler(std::move(call), std::move(request));
    };
    Add(std::move(row));
  }

  absl::flat_hash_map<std::string, Method> rows_;
  absl::flat_hash_set<std::string> services_;
  absl::flat_hash_set<std::string> unimplemented_;
};

}  // namespace stele::server
