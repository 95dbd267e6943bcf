// Where the answer to one plain HTTP request goes: the asked code holds the slot by the HttpRespond
// function, the connection clears `target` when it goes away first.
#pragma once

#include <memory>
#include <utility>

#include "src/server/front/http_routes.h"
#include "src/server/front/loop_mailbox.h"

namespace stele::server {

class HttpResponseTarget {
 public:
  virtual ~HttpResponseTarget() = default;
  // Loop's thread.
  virtual void OnHttpResponse(HttpResponse response) = 0;
};

struct HttpResponseSlot {
  HttpResponseTarget* target = nullptr;  // loop's thread only
};

// The function may be called by any thread; only its first call counts.
inline HttpRespond MakeHttpRespond(std::shared_ptr<LoopMailbox> mailbox,
                                   std::shared_ptr<HttpResponseSlot> slot) {
  return [mailbox = std::move(mailbox), slot = std::move(slot)](HttpResponse response) {
    mailbox->Post([slot, response = std::move(response)]() mutable {
      HttpResponseTarget* target = std::exchange(slot->target, nullptr);
      if (target != nullptr) target->OnHttpResponse(std::move(response));
    });
  };
}

}  // namespace stele::server
