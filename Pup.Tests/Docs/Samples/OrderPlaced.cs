namespace Pup.Tests.Docs.Samples;

/// <summary>As the shop's application writes it, where it writes typed events.</summary>
public sealed record OrderPlaced(string Customer, string Item, int Quantity, decimal Total);
