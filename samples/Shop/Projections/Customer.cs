namespace Shop.Projections;

/// <summary>What the shop knows of a customer.</summary>
public sealed record Customer(int Orders, decimal Spent, DateTimeOffset LastOrder);
