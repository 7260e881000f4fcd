module "replica" {
  source = "../../../../modules/replica"
  name   = "shop-3"
}
