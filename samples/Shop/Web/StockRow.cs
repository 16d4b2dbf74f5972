namespace Shop.Web;

/// <summary>The stock of an article as the pages show it.</summary>
public sealed record StockRow(string Article, int Available, int Sold, DateTime? SoldOutAt);
