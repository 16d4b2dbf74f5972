namespace Shop.Events;

/// <summary>A customer has ordered something, and it is reserved.</summary>
internal sealed record OrderPlaced(string Customer, string Article, int Quantity, decimal Total);
