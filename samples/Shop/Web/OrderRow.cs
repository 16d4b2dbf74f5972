namespace Shop.Web;

/// <summary>An order as the pages show it.</summary>
public sealed record OrderRow(string OrderId, string Customer, string Article, int Quantity, decimal Total, decimal Paid, DateTime PlacedAt)
{
    public bool IsPaid => Paid >= Total;
}
