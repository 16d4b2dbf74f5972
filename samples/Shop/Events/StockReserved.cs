namespace Shop.Events;

/// <summary>Some of an article belongs to an order from now on.</summary>
internal sealed record StockReserved(string OrderId, int Quantity);
