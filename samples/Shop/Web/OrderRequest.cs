namespace Shop.Web;

/// <summary>An order as programs send it. With the same <paramref name="RequestId"/> it may be sent again, and is still one order.</summary>
internal sealed record OrderRequest(string Customer, string Article, int Quantity, Guid? RequestId = null);
