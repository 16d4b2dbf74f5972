namespace Shop.Catalogue;

/// <summary>What the shop sells.</summary>
internal static class Articles
{
    public const string LoadPrefix = "load-";

    public const int LoadArticles = 100;

    public const decimal LoadPrice = 2m;

    public static IReadOnlyList<Article> All { get; } =
    [
        new("pen", "Fountain pen", 34.50m, 40),
        new("ink", "Bottle of ink", 8.90m, 120),
        new("paper", "Ream of paper", 6.20m, 80),
        new("lamp", "Reading lamp", 59.00m, 12),
        new("desk", "Oak desk", 480.00m, 3),
    ];

    /// <summary>The article, or null. The load has articles of its own, which no page offers.</summary>
    public static Article? Find(string id) => All.FirstOrDefault(article => article.Id == id)
        ?? (id.StartsWith(LoadPrefix, StringComparison.Ordinal) ? new Article(id, id, LoadPrice, 0) : null);
}
