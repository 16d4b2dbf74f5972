namespace Shop.Events;

/// <summary>A delivery of an article.</summary>
internal sealed record StockArrived(int Quantity);
